/// What a file sink is to do, from the configuration.
public struct FileSinkOptions: Sendable, Hashable {
    /// When written lines are made durable with fdatasync(2).
    public enum Durability: Sendable, Hashable {
        /// When the kernel likes.
        case never
        /// Before the records leave the queue: those written together are synced together.
        case batch
        /// At most so long after a write.
        case interval(Duration)
    }

    /// When the file is renamed and a new one begun, and what becomes of the old ones.
    ///
    /// `trades.jsonl` becomes `trades.jsonl.20261120T210000Z-0000`, with `.gz` if compressed: the time of the rotation
    /// and a number for several in one second. Sorting by name is sorting by age; a clock that was set back cannot
    /// break that, since a name never sorts before an older one.
    public struct Rotation: Sendable, Hashable {
        /// Before a line would make the file longer than this; nil for never. A longer line has a file of its own.
        public var size: Int64?
        /// At each multiple of this since 1970-01-01 UTC (`1d`: at midnight UTC), at least a second; nil for never.
        /// Also when nothing is written, and at start if the file is from an earlier period. Never an empty file.
        public var every: Duration?
        /// How many old files stay; nil for all.
        public var keep: Int?
        /// Whether old files are compressed with gzip, off the writing thread.
        public var compress: Bool

        /// Rotation; by default none.
        public init(size: Int64? = nil, every: Duration? = nil, keep: Int? = nil, compress: Bool = false) {
            self.size = size
            self.every = every
            self.keep = keep
            self.compress = compress
        }
    }

    /// The file. Its folder must exist. A symbolic link is followed once, at start.
    public var path: String
    /// Rotation.
    public var rotation: Rotation
    /// Durability.
    public var fsync: Durability

    /// How long after an error writing is tried again.
    var retryInterval = Duration.seconds(1)
    /// How often it is checked that `path` still names the open file.
    var checkInterval = Duration.seconds(1)

    /// Options for `path`.
    public init(path: String, rotation: Rotation = Rotation(), fsync: Durability = .never) {
        self.path = path
        self.rotation = rotation
        self.fsync = fsync
    }
}
