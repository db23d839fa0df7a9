import Dispatch
import Glibc

/// Waits for input, until the reader of the output is gone or a signal says that it is enough.
///
/// Before it waits, what was found so far is written out. Confined to its owner but for the signals.
final class LogGate {
    private let output: LogOutput
    private let outputDescriptor: Int32
    private let wake: WakePipe
    private var sources: [any DispatchSourceSignal] = []

    /// - Throws: when there is no descriptor left.
    init(_ output: LogOutput, descriptor: Int32 = STDOUT_FILENO) throws(SystemError) {
        self.output = output
        outputDescriptor = descriptor
        wake = try WakePipe()
    }

    deinit {
        for source in sources { source.cancel() }
    }

    /// Takes SIGINT and SIGTERM for the wish to end, from now on.
    func watchSignals() {
        for number in [SIGINT, SIGTERM] {
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { [wake] in wake.signal() }
            source.activate()
            sources.append(source)
        }
    }

    /// Blocks until `descriptor` has something to read or is at its end.
    ///
    /// - Returns: false if nothing is wanted any more.
    func waitForInput(_ descriptor: Int32) -> Bool {
        wait([pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)], milliseconds: -1)
    }

    /// Lets some time pass.
    ///
    /// - Returns: false if nothing is wanted any more.
    func pause(milliseconds: Int32) -> Bool {
        wait([], milliseconds: milliseconds)
    }

    private func wait(_ inputs: [pollfd], milliseconds: Int32) -> Bool {
        var watched =
            [
                pollfd(fd: wake.descriptor, events: Int16(POLLIN), revents: 0),
                // Nothing is asked for: an error is told all the same.
                pollfd(fd: outputDescriptor, events: 0, revents: 0),
            ] + inputs
        var isPatient = false
        while true {
            let count = poll(&watched, nfds_t(watched.count), isPatient ? milliseconds : 0)
            if watched[0].revents != 0 || watched[1].revents != 0 || !output.isOpen { return false }
            if count > 0 || isPatient && count == 0 { return true }
            guard count == 0 || errno == EINTR else { return true }
            output.flush()
            isPatient = true
        }
    }
}
