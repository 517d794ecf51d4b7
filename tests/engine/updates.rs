//! The step of an optimizer: one pass over a variable, its slots and its gradient.

use aqueduct::prelude::*;
use ndarray::ArrayD;

type Trainer = for<'g> fn(Tensor<'g, f32>) -> Operation<'g>;

const TRAINERS: &[Trainer] = &[
    |loss| GradientDescent::new(0.1).minimize(loss),
    |loss| Momentum::new(0.1, 0.9).nesterov().minimize(loss),
    |loss| Adagrad::new(0.1).minimize(loss),
    |loss| Adadelta::new(0.1).minimize(loss),
    |loss| {
        let optimizer = RmsProp::new(0.1).momentum(0.5).centered();
        optimizer.minimize(loss)
    },
    |loss| Adam::new(0.1).minimize(loss),
    |loss| AdamW::new(0.1, 0.1).minimize(loss),
    |loss| Ftrl::new(0.1).learning_rate_power(-0.25).minimize(loss),
    |loss| ProximalGradientDescent::new(0.1).minimize(loss),
    |loss| ProximalAdagrad::new(0.1).minimize(loss),
    |loss| AdagradDa::new(0.1, loss.graph().untrained_variable("step", 0_i64)).minimize(loss),
];

#[test]
fn a_dense_step_is_one_pass() {
    for trainer in TRAINERS {
        let g = Graph::new();
        let w = g.variable::<f32>("w", zeros([48, 64]));
        let x = g.placeholder::<f32>("x", shape![32, 48]);
        let train = trainer(x.matmul(w).square().reduce_mean(..));
        let sess = Session::new(&g);
        let fed = ArrayD::<f32>::zeros(vec![32, 48]);
        let explained = sess.explain(train, feed![x => &fed]).unwrap();
        let steps = explained.instructions().lines();
        let passes = steps.filter(|step| step.contains("f32[48, 64] = fused("));
        let passes: Vec<&str> = passes.collect();
        assert_eq!(passes.len(), 1, "{explained}");
        // It gives all that is written but for Adam's powers.
        let variables = g.global_variables();
        let written = variables
            .iter()
            .filter(|variable| variable.shape().rank() == 2);
        let written = written.count();
        let (given, _) = passes[0].split_once(" = ").unwrap();
        assert_eq!(given.split(", %").count(), written, "{explained}");
    }
}
