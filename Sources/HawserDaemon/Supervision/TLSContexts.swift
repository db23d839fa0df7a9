import Transport

/// The TLS contexts of a configuration: one for each distinct set of options, made before anything is dialled.
struct TLSContexts: Sendable {
    private var contexts: [TLSOptions: TLSContext] = [:]

    /// The context for `options`.
    ///
    /// - Throws: what is wrong with its files.
    mutating func context(for options: TLSOptions) throws(TLSContextError) -> TLSContext {
        if let context = contexts[options] { return context }
        let context = try TLSContext(options)
        contexts[options] = context
        return context
    }
}
