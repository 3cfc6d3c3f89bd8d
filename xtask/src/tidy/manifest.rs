//! What the crates' manifests may say: which crate may depend on which, and whose lints they have.

/// The crates of the workspace, each with those it may depend on. There are no other arrows; a
/// crate that only tests need counts too, since a cycle could not be published.
const ARROWS: &[(&str, &[&str])] = &[
    ("chainrule-core", &[]),
    ("chainrule-cpu", &["chainrule-core"]),
    ("chainrule", &["chainrule-core", "chainrule-cpu"]),
    ("chainrule-cli", &["chainrule"]),
    ("xtask", &[]),
];

/// The errors of one crate's manifest.
pub fn check(path: &str, text: &str) -> Vec<String> {
    let mut errors = Vec::new();
    let name = entries(text).find_map(|(table, key, value)| {
        (table == "package" && key == "name").then(|| value.trim_matches('"'))
    });
    let allowed = ARROWS.iter().find(|(from, _)| Some(*from) == name).map(|(_, to)| *to);
    if allowed.is_none() {
        let name = name.unwrap_or("a crate without a name");
        errors.push(format!("{path}: {name} is not in the list of crates (xtask/src/tidy)"));
    }
    for (table, key, _) in entries(text) {
        let own = ARROWS.iter().any(|(to, _)| *to == key);
        if depends(table) && own && !allowed.unwrap_or_default().contains(&key) {
            errors.push(format!("{path}: may not depend on {key}"));
        }
    }
    let inherits = |(table, key, value)| match table {
        "lints" => key == "workspace" && value == "true",
        _ => false,
    };
    if !entries(text).any(inherits) {
        errors.push(format!("{path}: [lints] does not say workspace = true"));
    }
    errors
}

/// Whether a table lists dependencies: `dependencies`, `dev-dependencies`, `target.….dependencies`.
fn depends(table: &str) -> bool {
    table.ends_with("dependencies")
}

/// The entries of a manifest: table, first part of the key, value. A dependency with a table of
/// its own, `[dependencies.name]`, is an entry of the table above it.
fn entries(text: &str) -> impl Iterator<Item = (&str, &str, &str)> {
    let mut table = "";
    text.lines().filter_map(move |line| {
        let line = line.trim();
        if let Some(header) = line.strip_prefix('[').and_then(|line| line.split(']').next()) {
            table = header.trim();
            let (parent, name) = table.rsplit_once('.')?;
            return depends(parent).then_some((parent, name, ""));
        }
        let (key, value) = line.split_once('=')?;
        let key = key.trim().trim_matches('"');
        Some((table, key.split('.').next().unwrap_or(key), value.trim()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(name: &str, rest: &str) -> String {
        format!("[package]\nname = \"{name}\"\n[lints]\nworkspace = true\n{rest}")
    }

    #[test]
    fn arrows_point_one_way() {
        let refused = |name, rest| check("Cargo.toml", &manifest(name, rest)).len();
        assert_eq!(refused("chainrule-core", "[dependencies]\nlibm = \"0.2\""), 0);
        assert_eq!(refused("chainrule-core", "[dependencies]\nchainrule-cpu.workspace = true"), 1);
        assert_eq!(refused("chainrule-core", "[dev-dependencies]\nchainrule = { path = \"\" }"), 1);
        assert_eq!(refused("chainrule-core", "[dependencies.chainrule]\npath = \"\""), 1);
        let target = "[target.'cfg(unix)'.dependencies]\nchainrule-cpu = \"0.1\"";
        assert_eq!(refused("chainrule-cli", target), 1);
        assert_eq!(refused("chainrule-cpu", "[dependencies]\nchainrule-core.workspace = true"), 0);
        assert_eq!(refused("stranger", ""), 1);
    }

    #[test]
    fn lints_come_from_the_workspace() {
        assert_eq!(check("Cargo.toml", "[package]\nname = \"xtask\"\n").len(), 1);
        assert!(check("Cargo.toml", &manifest("xtask", "")).is_empty());
    }
}
