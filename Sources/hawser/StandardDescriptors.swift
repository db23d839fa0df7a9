import Glibc

/// Descriptors 0, 1 and 2, which a careless parent may have closed.
enum StandardDescriptors {
    /// Fills those that are closed, so that no socket or file gets their number: a log line would be written into it.
    ///
    /// First of all, before anything else opens a descriptor. Reading gives the end at once, the log goes nowhere, and
    /// writing to standard output stays the error that it was.
    static func open() {
        for (descriptor, mode) in [(0, O_RDONLY), (1, O_RDONLY), (2, O_WRONLY)] as [(Int32, Int32)] {
            // The lowest free number is given, so this one.
            if fcntl(descriptor, F_GETFD) < 0 { _ = Glibc.open("/dev/null", mode) }
        }
    }
}
