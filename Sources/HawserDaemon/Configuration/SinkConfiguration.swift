/// One place where records go.
public struct SinkConfiguration: Sendable, Hashable {
    /// What kind of place.
    public enum Target: Sendable, Hashable {
        /// Standard output.
        case stdout
        /// A file that is appended to.
        case file(FileSinkConfiguration)

        /// The file's path; nil if it is none.
        var path: String? {
            if case .file(let file) = self { file.path } else { nil }
        }
    }

    /// Its name: `[a-z0-9_-]{1,64}`.
    public var name: String
    /// What kind of place.
    public var target: Target
    /// When it asks for a pause, and when it lets go; `low` is below `high`.
    public var watermarks: Watermarks

    /// A sink.
    public init(name: String, target: Target, watermarks: Watermarks = ConfigurationDefaults.watermarks) {
        self.name = name
        self.target = target
        self.watermarks = watermarks
    }
}

/// A sink that is a file.
public struct FileSinkConfiguration: Sendable, Hashable {
    /// The file's path, references resolved.
    public var path: String
    /// When a new file is begun; nil: never.
    public var rotation: RotationConfiguration?
    /// When the file is made durable.
    public var fsync: FsyncConfiguration

    /// A file sink.
    public init(
        path: String,
        rotation: RotationConfiguration? = nil,
        fsync: FsyncConfiguration = ConfigurationDefaults.fsync
    ) {
        self.path = path
        self.rotation = rotation
        self.fsync = fsync
    }
}

/// When a new file is begun, and what becomes of the old ones.
public struct RotationConfiguration: Sendable, Hashable {
    /// What is done with an old file.
    public enum Compression: String, Sendable, Hashable, CaseIterable {
        case none, gzip
    }

    /// Begin a new file at so many bytes; nil: size does not matter.
    public var size: Int?
    /// Begin a new file after so long; nil: time does not matter. One of both is set.
    public var every: Duration?
    /// Old files that are kept; the oldest goes first.
    public var keep: Int
    /// How old files are kept.
    public var compression: Compression

    /// A rotation.
    public init(
        size: Int? = nil,
        every: Duration? = nil,
        keep: Int = ConfigurationDefaults.rotateKeep,
        compression: Compression = ConfigurationDefaults.rotateCompression
    ) {
        self.size = size
        self.every = every
        self.keep = keep
        self.compression = compression
    }
}

/// When what was written is made durable with fsync(2).
public enum FsyncConfiguration: Sendable, Hashable {
    /// Never: the kernel decides.
    case never
    /// After each batch.
    case batch
    /// At most this long after it was written.
    case interval(Duration)
}
