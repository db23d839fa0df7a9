/// What the process says to whoever started it.
public enum ExitStatus: Int32, Sendable {
    /// Done; also after a signal, once every session is closed.
    case done = 0
    /// Failed at work.
    case failed = 1
    /// Wrong usage.
    case usage = 2
    /// Wrong configuration: `EX_CONFIG` of sysexits.h, which the unit takes as "do not restart".
    case configuration = 78
}
