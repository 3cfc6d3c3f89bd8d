//! Names in LaTeX: Greek letters, subscripts, words.

/// The LaTeX of a variable's name: `alpha` is α, `w_1` and `w1` have a subscript, and a longer
/// word stands upright. A per-row variable has the index i.
pub(super) fn variable(name: &str, has_index: bool) -> String {
    let mut parts: Vec<&str> = name.split('_').collect();
    if parts.contains(&"") {
        parts = vec![name];
    }
    let (base, digits) = split_digits(parts[0]);
    let mut subscripts: Vec<String> = Vec::new();
    if !digits.is_empty() {
        subscripts.push(digits.into());
    }
    subscripts.extend(parts[1..].iter().map(|part| symbol(part)));
    if has_index {
        subscripts.push("i".into());
    }
    match subscripts.is_empty() {
        true => symbol(base),
        false => format!("{}_{{{}}}", symbol(base), subscripts.join(",")),
    }
}

/// The LaTeX of a function's name.
pub(super) fn function(name: &str) -> String {
    match name.chars().all(is_plain) {
        true => format!(r"\operatorname{{{}}}", name.replace('_', r"\_")),
        false => format!(r"\operatorname{{\text{{{}}}}}", escaped(name)),
    }
}

/// Whether a variable's name is written as a word, which must not touch another factor.
pub(super) fn is_word(name: &str) -> bool {
    let text = variable(name, false);
    text.contains(r"\mathrm") || text.contains(r"\text")
}

/// A letter with digits after it (`x1`, `alpha2`) as the letter and the digits.
fn split_digits(name: &str) -> (&str, &str) {
    let letters = name.trim_end_matches(|c: char| c.is_ascii_digit());
    let is_letter = letters.chars().count() == 1 || greek(letters).is_some();
    if is_letter { name.split_at(letters.len()) } else { (name, "") }
}

fn symbol(name: &str) -> String {
    let mut chars = name.chars();
    if let Some(greek) = greek(name) {
        format!(r"\{greek}")
    } else if name.chars().all(|c| c.is_ascii_digit()) {
        name.into()
    } else if let (Some(letter), None) = (chars.next(), chars.next())
        && letter.is_ascii_alphabetic()
    {
        name.into()
    } else if name.chars().all(is_plain) {
        format!(r"\mathrm{{{}}}", name.replace('_', r"\_"))
    } else {
        format!(r"\text{{{}}}", escaped(name))
    }
}

fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// A text without any character that has a meaning in LaTeX.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for c in text.chars() {
        match c {
            '{' | '}' | '$' | '&' | '#' | '_' | '%' => escaped.extend(['\\', c]),
            '\\' => escaped.push_str(r"\textbackslash{}"),
            '^' => escaped.push_str(r"\textasciicircum{}"),
            '~' => escaped.push_str(r"\textasciitilde{}"),
            '<' => escaped.push_str(r"\textless{}"),
            '>' => escaped.push_str(r"\textgreater{}"),
            c if c.is_control() => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    escaped
}

/// The LaTeX command of a Greek letter, given by its name or as itself.
fn greek(name: &str) -> Option<&'static str> {
    const GREEK: [(&str, &str); 36] = [
        ("α", "alpha"),
        ("β", "beta"),
        ("γ", "gamma"),
        ("δ", "delta"),
        ("ε", "varepsilon"),
        ("ϵ", "epsilon"),
        ("ζ", "zeta"),
        ("η", "eta"),
        ("θ", "theta"),
        ("ι", "iota"),
        ("κ", "kappa"),
        ("λ", "lambda"),
        ("μ", "mu"),
        ("ν", "nu"),
        ("ξ", "xi"),
        ("π", "pi"),
        ("ρ", "rho"),
        ("σ", "sigma"),
        ("τ", "tau"),
        ("υ", "upsilon"),
        ("φ", "varphi"),
        ("ϕ", "phi"),
        ("χ", "chi"),
        ("ψ", "psi"),
        ("ω", "omega"),
        ("Γ", "Gamma"),
        ("Δ", "Delta"),
        ("Θ", "Theta"),
        ("Λ", "Lambda"),
        ("Ξ", "Xi"),
        ("Π", "Pi"),
        ("Σ", "Sigma"),
        ("Υ", "Upsilon"),
        ("Φ", "Phi"),
        ("Ψ", "Psi"),
        ("Ω", "Omega"),
    ];
    let found = GREEK.iter().find(|(letter, command)| *letter == name || *command == name);
    found.map(|(_, command)| *command)
}
