/// What a client asked for: the parts of the request's head that handlers decide by.
package struct ServerRequest: Hashable, Sendable {
    /// The request's method, as libwebsockets knows them.
    package enum Method: Hashable, Sendable {
        case get, head
        /// Any other.
        case other
    }

    /// The method.
    package let method: Method
    /// The path, percent-decoded and normalised by libwebsockets, without the query.
    package let path: String
}
