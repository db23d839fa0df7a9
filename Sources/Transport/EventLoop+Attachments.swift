extension EventLoop {
    /// The one `Object` that belongs to this loop: made by `make` at the first call, and the same from then on, for as
    /// long as the loop lives. For what all connections of a loop share, such as buffers. Confined to the loop.
    public func attachment<Object: AnyObject>(_ make: () -> Object) -> Object {
        preconditionOnLoop()
        let key = ObjectIdentifier(Object.self)
        if let object = attachments[key] as? Object { return object }
        let object = make()
        attachments[key] = object
        return object
    }
}
