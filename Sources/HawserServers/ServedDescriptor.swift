import CLibwebsockets

/// A descriptor that belongs to a server: what it has accepted, or made for that. Confined to the loop.
package class ServedDescriptor: AdoptedDescriptor {
    /// The server, which knows this descriptor for as long as it is open.
    unowned let server: LibwebsocketsServer

    init(server: LibwebsocketsServer) {
        self.server = server
    }

    /// How the library is to take it, as bits of `lws_adoption_type`.
    var adoptionType: UInt32 { LWS_ADOPT_RAW_FILE_DESC.rawValue }

    /// Whether it is one of the connections that are counted and limited.
    var countsAsConnection: Bool { true }

    /// The library has it, and it is ready for use.
    func adopted() {}

    /// The server begins to stop; what is still open half a second later is dropped.
    func serverStops() {
        drop()
    }

    override func destroyed() {
        server.descriptorDestroyed(self)
    }
}
