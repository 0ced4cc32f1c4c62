//! The graph gives the same for texts together and apart.

use encoder::{Encoder, testing};

use super::*;

#[test]
fn texts_have_the_same_vectors_and_gradients_together_and_apart() {
    let folder = tempfile::tempdir().unwrap();
    testing::write_multi_head(folder.path(), 3).unwrap();
    let graph = EncoderGraph::read(folder.path(), &Device::Cpu).unwrap();
    let adapter = EncoderAdapter::new(&graph, 2, 4.0, 1).unwrap();
    for (_, variable) in adapter.variables() {
        let values = variable.rand_like(-0.3, 0.3).unwrap();
        variable.set(&values).unwrap();
    }
    let texts = [
        "me",
        "they laugh at me",
        "i am alone. they laugh at me at me",
    ];
    let tokens = Encoder::load(folder.path())
        .unwrap()
        .encode(&texts)
        .unwrap();
    let tokens: Vec<&Tokens> = tokens.iter().collect();
    let run = |rows: Result<TextRows>| {
        let pooled = graph.pooled(&rows.unwrap(), &adapter).unwrap();
        let gradients = pooled.sqr().unwrap().sum_all().unwrap().backward().unwrap();
        (pooled, gradients)
    };
    let (apart, expected) = run(TextRows::new(&tokens, &Device::Cpu));
    let (together, found) = run(TextRows::together(&tokens, &Device::Cpu));
    let close = |a: &Tensor, b: &Tensor| {
        let difference = (a - b).unwrap().abs().unwrap().max_all().unwrap();
        let largest = a.abs().unwrap().max_all().unwrap();
        let [difference, largest] =
            [difference, largest].map(|tensor| tensor.to_scalar::<f32>().unwrap());
        assert!(
            largest > 0.0 && difference < 1e-4 * largest.max(1.0),
            "{a} {b}"
        );
    };
    close(&apart, &together);
    for (_, variable) in adapter.variables() {
        let gradient = |store: &candle_core::backprop::GradStore| {
            store.get(variable.as_tensor()).unwrap().clone()
        };
        close(&gradient(&expected), &gradient(&found));
    }
}
