use super::*;

/// Each step by x as `name = text`, rule, and derivative as it is made and as it comes out.
fn written(formula: &str) -> Vec<String> {
    let steps = Function::read(formula).unwrap().steps("x").unwrap();
    let line = |step: &Step| {
        let Step { name, text, product, derivative, .. } = step;
        let sides: Vec<&str> = [product, derivative].into_iter().flatten().map(|s| &**s).collect();
        format!("{name} = {text}; {}; {}", step.rule.name().english, sides.join(" = "))
    };
    steps.iter().map(line).collect()
}

#[test]
fn an_inner_function_has_a_name() {
    assert_eq!(
        written("sin(x^2)"),
        ["u = x^2; power rule; 2*x", "f = sin(u); chain rule; cos(u)*u' = 2*x*cos(x^2)"]
    );
    assert_eq!(
        written("log(1 + exp(-x))"),
        [
            "u = -x; constant factor rule; -1",
            "v = exp(u); chain rule; exp(u)*u' = -exp(-x)",
            "w = 1 + v; sum rule; v' = -exp(-x)",
            "f = log(w); chain rule; w'/w = -exp(-x)/(1 + exp(-x))",
        ]
    );
}

#[test]
fn what_is_known_stands_in_place() {
    assert_eq!(
        written("a*x^2 + b*x"),
        ["f = a*x^2 + b*x; sum rule; (a*x^2)' + (b*x)' = 2*a*x + b"]
    );
    assert_eq!(
        written("x*sin(x)*exp(x)"),
        ["f = x*sin(x)*exp(x); product rule; \
          sin(x)*exp(x) + x*(sin(x))'*exp(x) + x*sin(x)*(exp(x))' = \
          sin(x)*exp(x) + x*cos(x)*exp(x) + x*sin(x)*exp(x)"]
    );
    assert_eq!(written("3*x^4"), ["f = 3*x^4; power rule; 12*x^3"]);
    assert_eq!(written("relu(x)"), ["f = relu(x); known derivative; where(x > 0, 1, 0)"]);
    assert_eq!(written("x"), ["f = x; derivative of the variable; 1"]);
    assert_eq!(written("a"), ["f = a; constant rule; 0"]);
    assert_eq!(written("floor(x)"), ["f = floor(x); constant between jumps; 0"]);
}

#[test]
fn products_and_quotients_are_written_as_in_the_book() {
    assert_eq!(
        written("sin(2*x)*cos(3*x)")[2..],
        [
            "w = 3*x; constant factor rule; 3",
            "p = cos(w); chain rule; -sin(w)*w' = -3*sin(3*x)",
            "f = v*p; product rule; v'*p + v*p' = 2*cos(2*x)*cos(3*x) - 3*sin(2*x)*sin(3*x)",
        ]
    );
    let quotient = written("(x + 1)/(x^2 + 2)").pop().unwrap();
    assert!(quotient.starts_with("f = u/v; quotient rule; (u'*v - u*v')/v^2 = "), "{quotient}");
}

#[test]
fn a_part_that_is_used_twice_is_one_step() {
    let steps = written("s = sin(x^2); s*s + exp(s)");
    assert_eq!(steps.len(), 5);
    assert!(steps[1].starts_with("v = sin(u);"));
    assert!(steps[4].starts_with("f = w + p;"));
}

#[test]
fn names_are_not_those_of_variables() {
    let steps = Function::read("sin(u*x)*f").unwrap().steps("x").unwrap();
    let names: Vec<&str> = steps.iter().map(|step| step.name.as_str()).collect();
    assert_eq!(names, ["v", "w", "g"]);
}

#[test]
fn many_steps_stay_short() {
    let squares: String = (1..60).map(|i| format!("s{i} = s{0}*s{0}; ", i - 1)).collect();
    let function = Function::read(&format!("s0 = x + 1; {squares} s59")).unwrap();
    let steps = function.steps("x").unwrap();
    assert_eq!(steps.len(), 60);
    assert!(steps.iter().all(|step| step.text.len() < 10));
    let factors: Vec<String> = (0..300).map(|i| format!("(x + {i})")).collect();
    let steps = Function::read(&factors.join("*")).unwrap().steps("x").unwrap();
    assert_eq!((steps.len(), &steps[300].product), (301, &None));
}
