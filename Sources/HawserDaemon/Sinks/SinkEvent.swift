/// Something about a sink that belongs in the log. The closure that receives it knows which sink it is.
public enum SinkEvent: Sendable, Hashable {
    /// Above the high watermark; the feeds pause. The bytes queued.
    case blocked(queuedBytes: Int)
    /// Below the low watermark again, after so long.
    case resumed(after: Duration)
    /// No room on the device (ENOSPC, EDQUOT): nothing is lost, writing is tried again every second. Once an episode.
    case diskFull(path: String, errno: Int32)
    /// Another error of a write, open or sync, treated the same way. Once an episode.
    case writeFailed(path: String, errno: Int32)
    /// Writing goes on after `diskFull` or `writeFailed`.
    case recovered(path: String, after: Duration)
    /// The file reached its size or age and was renamed.
    case rotated(path: String, to: String)
    /// The file could not be renamed; it grows on, and another attempt is made in a minute. Once an episode.
    case rotationFailed(path: String, errno: Int32)
    /// A rotated file was compressed and its plain form removed.
    case compressed(path: String, bytes: Int64, compressedBytes: Int64)
    /// The oldest rotated file was deleted because of `keep`.
    case removed(path: String)
    /// A rotated file could not be compressed or deleted; the next rotation tries again.
    case archiveFailed(path: String, errno: Int32)
    /// The file ended inside a line, as after a kill or a power cut; so many bytes were cut off.
    case tornTailCut(path: String, bytes: Int64)
    /// The file was renamed, deleted or truncated by someone else and has been opened again.
    case reopened(path: String)
    /// The sink has ended because its reader is gone (EPIPE and its kin). What it held is left behind.
    case failed(errno: Int32)
}
