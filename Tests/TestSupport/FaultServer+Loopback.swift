extension FaultServer {
    /// Listens on a free port of 127.0.0.1 and serves each connection with `behaviour`.
    ///
    /// - Throws: `SystemCallError` if resources are short.
    public convenience init(_ behaviour: FaultBehaviour) throws(SystemCallError) {
        try self.init(.ipv4(), behaviour)
    }
}
