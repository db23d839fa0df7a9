import MonotonicTime

/// What came of one attempt to write.
enum WriteStep: Equatable {
    /// So many bytes went out.
    case wrote(Int)
    /// No room at the moment: wait until the descriptor is writable.
    case blocked(descriptor: Int32)
    /// An error that may pass: try again from the same byte.
    case failing(Int32)
    /// The file that holds the first bytes of this line is gone: go back so many bytes, to the line's start.
    case rewound(Int)
    /// The reader is gone: nothing can be written any more.
    case ended(Int32)
}

/// Where a sink's lines go. Confined to the sink's thread.
protocol SinkOutput: Sendable {
    /// What it is in events: a path or a descriptor's name.
    var label: String { get }

    /// Writes some of `lines`, which starts where the last call stopped. Never waits for a reader.
    mutating func write(_ lines: UnsafeRawBufferPointer, now: Instant) -> WriteStep

    /// Called when all that was taken so far is written: makes it durable if that is the policy. Zero or an errno.
    mutating func commit(now: Instant) -> Int32

    /// Work that is due without anything to write, such as a sync or a rotation by time. Reports its own troubles.
    mutating func maintain(now: Instant)

    /// When `maintain` wants to be called.
    func nextDeadline(now: Instant) -> Instant?

    /// How long to gather records after a write before the next one: a steady trickle then wakes the thread for many
    /// at once. Zero where somebody waits for each.
    var gatheringTime: Duration { get }

    /// A descriptor whose reader's end is to be noticed while there is nothing to write.
    var watchedDescriptor: Int32? { get }

    /// Ends it: leaves no torn line where that can be helped. Called once. Zero, or the errno of a last sync that failed.
    mutating func close(now: Instant) -> Int32
}
