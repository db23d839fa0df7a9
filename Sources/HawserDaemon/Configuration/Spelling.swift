/// Finds what someone probably meant to write.
enum Spelling {
    /// The candidate closest to `word`, if it is close enough to be worth a question.
    ///
    /// Ties go to the earlier candidate.
    static func closest(to word: String, among candidates: [String]) -> String? {
        let wanted = fold(word)
        guard !wanted.isEmpty, wanted.count <= 64 else { return nil }
        var best: (candidate: String, distance: Int)?
        for candidate in candidates {
            let other = fold(candidate)
            let distance = distance(wanted, other)
            // "warn" is far from "warning", but nobody means anything else by it.
            let isAbbreviation = wanted.count >= 3 && other.starts(with: wanted)
            let bound = isAbbreviation ? other.count : max(1, min(wanted.count, other.count) / 3)
            guard distance <= bound, distance < (best?.distance ?? .max) else { continue }
            best = (candidate, distance)
        }
        return best?.candidate
    }

    /// Damerau-Levenshtein in its restricted form: insertions, deletions, substitutions, and swapped neighbours.
    static func distance(_ first: String, _ second: String) -> Int {
        distance(Array(first.unicodeScalars), Array(second.unicodeScalars))
    }

    private static func distance(_ first: [Unicode.Scalar], _ second: [Unicode.Scalar]) -> Int {
        var beforeLast: [Int] = []
        var last = Array(0...second.count)
        for (row, scalar) in first.enumerated() {
            var current = [row + 1]
            current.reserveCapacity(second.count + 1)
            for (column, other) in second.enumerated() {
                var cost = min(last[column + 1] + 1, current[column] + 1, last[column] + (scalar == other ? 0 : 1))
                if row > 0, column > 0, scalar == second[column - 1], first[row - 1] == other {
                    cost = min(cost, beforeLast[column - 1] + 1)
                }
                current.append(cost)
            }
            beforeLast = last
            last = current
        }
        return last[second.count]
    }

    /// Case and the choice between `-` and `_` are not what makes a name another one.
    private static func fold(_ word: String) -> [Unicode.Scalar] {
        word.lowercased().unicodeScalars.map { $0 == "-" || $0 == " " ? "_" : $0 }
    }
}
