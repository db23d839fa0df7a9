extension ReloadReport {
    /// The members of the object that the control socket answers: `docs/control.md`.
    var json: [UInt8] {
        var members = JSONMembers()
        members.text("summary", summary)
        for (name, counts) in [("subscriptions", subscriptions), ("requests", requests), ("sinks", sinks)] {
            members.object(name) { members in
                members.number("added", counts.added)
                members.number("changed", counts.changed)
                members.number("adjusted", counts.adjusted)
                members.number("removed", counts.removed)
                members.number("unchanged", counts.unchanged)
            }
        }
        members.texts("settings", settings)
        members.truth("complete", isComplete)
        return members.encoded()
    }
}
