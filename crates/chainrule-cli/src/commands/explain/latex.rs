//! The formulas in LaTeX, to be pasted into a document.

use chainrule::explanation::Explanation;

use crate::output::Output;

/// Prints the forward pass, the gradient and the functions, each as aligned equations.
pub fn print(explanation: &Explanation, output: &mut Output) {
    let forward: Vec<String> = explanation
        .forward
        .iter()
        .map(|step| format!("{} &= {}", step.symbol.latex, step.formula.latex))
        .collect();
    let backward: Vec<String> = explanation
        .backward
        .iter()
        .map(|slope| {
            let (own, of) = (slope.short.as_ref(), &slope.derivative.latex);
            match own {
                Some(short) => format!("{} = {of} &= {}", short.latex, slope.formula.latex),
                None => format!("{of} &= {}", slope.formula.latex),
            }
        })
        .collect();
    let functions: Vec<String> = explanation
        .functions
        .iter()
        .flat_map(|function| {
            let name = &function.latex;
            let own = format!(r"{name}\left(x\right)");
            let definition = (function.definition.latex != own)
                .then(|| format!("{own} &= {}", function.definition.latex));
            let derivative = format!(r"{name}'\left(x\right) &= {}", function.derivative.latex);
            definition.into_iter().chain([derivative])
        })
        .collect();
    for (number, equations) in
        [forward, backward, functions].iter().filter(|equations| !equations.is_empty()).enumerate()
    {
        if number > 0 {
            output.line("");
        }
        output.line(r"\begin{align*}");
        for (place, equation) in equations.iter().enumerate() {
            let end = if place + 1 == equations.len() { "" } else { r" \\" };
            output.line(&format!("  {equation}{end}"));
        }
        output.line(r"\end{align*}");
    }
}
