//! The name that a misspelt one most likely means.

/// Returns the candidate that `name` most likely misspells, or `None` if none is close.
///
/// The distance is the number of characters to insert, delete, replace or swap with their
/// neighbour, without regard to case (optimal string alignment); a third of the longer name may
/// differ. Of equally near candidates the first is returned.
pub fn nearest<'a, S: AsRef<str> + ?Sized + 'a>(
    name: &str,
    candidates: impl IntoIterator<Item = &'a S>,
) -> Option<&'a str> {
    chainrule_core::text::nearest(name, candidates.into_iter().map(AsRef::as_ref))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_offers_a_slip_and_nothing_far() {
        let names = ["sigmoid", "relu", "tanh", "softmax"];
        assert_eq!(nearest("Relu", names), Some("relu"));
        assert_eq!(nearest("sigmiod", names), Some("sigmoid"));
        assert_eq!(nearest("sofmax", names), Some("softmax"));
        assert_eq!(nearest("gelu", names), Some("relu"));
        assert_eq!(nearest("price", names), None);
        assert_eq!(nearest("z", ["x", "y"]), None);
        assert_eq!(nearest("Y", ["x", "y"]), Some("y"));
        assert_eq!(nearest("", names), None);
        assert_eq!(
            nearest("species ", &["island".to_owned(), "species".to_owned()]),
            Some("species")
        );
    }
}
