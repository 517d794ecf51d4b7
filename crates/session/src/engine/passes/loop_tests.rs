//! What the passes for loops make of small blocks, as text.

use aqueduct_graph::DType;
use aqueduct_graph::ir::{Binary, NodeId, Unary};
use expect_test::{Expect, expect};

use super::{
    dead, hoist_invariants, hoist_sequences, merge_products, sink_sums, split_products, trim_stacks,
};
use crate::engine::ir::{Block, Code, Piece, Scan, Source, Type, ValueId};
use crate::engine::verify::verify;
use crate::kernels::fused::{Expression, Primitive};
use crate::plan::Operand;

fn origin() -> NodeId {
    NodeId::from_index(0)
}

fn kind(sizes: &[usize]) -> Type {
    Type::contiguous(DType::F32, sizes)
}

fn given(block: &mut Block, input: usize, sizes: &[usize]) -> ValueId {
    block.source(kind(sizes), Source::Plan(Operand::Input(input)))
}

fn parameter(body: &mut Block, operand: usize, kind: Type) -> ValueId {
    body.source(kind, Source::Parameter(operand))
}

fn product(block: &mut Block, a: ValueId, b: ValueId) -> ValueId {
    let sizes = [block.sizes(a)[0], block.sizes(b)[1]];
    block.push_one(Code::Product, vec![a, b], kind(&sizes), origin())
}

fn elementwise(block: &mut Block, primitive: Primitive, inputs: &[ValueId]) -> ValueId {
    let output = kind(block.sizes(inputs[0]));
    let expression = Expression::of(primitive, &vec![DType::F32; inputs.len()], DType::F32);
    block.push_one(Code::Fused(expression), inputs.to_vec(), output, origin())
}

fn add(block: &mut Block, a: ValueId, b: ValueId) -> ValueId {
    elementwise(block, Primitive::Binary(Binary::Add), &[a, b])
}

fn tanh(block: &mut Block, x: ValueId) -> ValueId {
    elementwise(block, Primitive::Unary(Unary::Tanh), &[x])
}

/// Two matrices, one beside the other.
fn beside(block: &mut Block, a: ValueId, b: ValueId) -> ValueId {
    let (left, right) = (block.sizes(a)[1], block.sizes(b)[1]);
    let whole = kind(&[block.sizes(a)[0], left + right]);
    let piece = |offset| Piece {
        offset,
        strides: whole.strides.clone(),
    };
    let pieces = vec![piece(0), piece(left)];
    block.push_one(Code::Join(pieces), vec![a, b], whole, origin())
}

/// A loop of four steps without a limit.
fn scan(
    block: &mut Block,
    body: Block,
    inputs: Vec<ValueId>,
    [states, sequences]: [usize; 2],
) -> Vec<ValueId> {
    let scan = Scan {
        body,
        steps: 4,
        reverse: false,
        states,
        sequences,
        limited: false,
        straight: false,
        operands: Vec::new(),
    };
    let outputs: Vec<Type> = scan
        .body
        .results
        .iter()
        .enumerate()
        .map(|(place, value)| {
            if place < states {
                scan.body.kind(*value).clone()
            } else {
                scan.stacked_type(*value)
            }
        })
        .collect();
    block.push(Code::Scan(Box::new(scan)), inputs, outputs, origin())
}

/// The block before the pass and after it, without what nobody uses.
fn check(mut block: Block, pass: impl Fn(&mut Block) -> usize, expected: &Expect) {
    verify(&block).unwrap();
    let before = block.to_string();
    let done = pass(&mut block);
    verify(&block).unwrap();
    dead::remove(&mut block);
    verify(&block).unwrap();
    expected.assert_eq(&format!("{before}---- {done} done\n{block}"));
}

/// `h = tanh([x, h] · K)`, batch by batch, of which the last row is read.
fn recurrence() -> Block {
    let mut body = Block::default();
    let h = parameter(&mut body, 0, kind(&[3, 2]));
    let x = parameter(&mut body, 1, kind(&[3, 5]));
    let k = parameter(&mut body, 2, kind(&[7, 2]));
    let joined = beside(&mut body, x, h);
    let sum = product(&mut body, joined, k);
    let next = tanh(&mut body, sum);
    body.results = vec![next, next];
    let mut block = Block::default();
    let start = given(&mut block, 0, &[3, 2]);
    let xs = given(&mut block, 1, &[4, 3, 5]);
    let k = given(&mut block, 2, &[7, 2]);
    let outputs = scan(&mut block, body, vec![start, xs, k], [1, 1]);
    let last = block.cut(outputs[1], 0, 3, 1);
    block.results = vec![last];
    block
}

#[test]
fn a_product_with_what_was_joined_is_split() {
    check(
        recurrence(),
        split_products::run,
        &expect![[r#"
        %0: f32[3, 2] = given Input(0)
        %1: f32[4, 3, 5] = given Input(1)
        %2: f32[7, 2] = given Input(2)
        %3: f32[3, 2], %4: f32[4, 3, 2] = scan of 4 steps, 1 states, 1 sequences (%0, %1, %2)
            %0: f32[3, 2] = parameter 0
            %1: f32[3, 5] = parameter 1
            %2: f32[7, 2] = parameter 2
            %3: f32[3, 7] = join at [0, 5] (%1, %0)
            %4: f32[3, 2] = product(%3, %2)
            %5: f32[3, 2] = fused(%4)
                t1 = tanh(t0)
                give t1
            give %5, %5
        give %4[18..][1, 3, 2]
        ---- 1 done
        %0: f32[3, 2] = given Input(0)
        %1: f32[4, 3, 5] = given Input(1)
        %2: f32[7, 2] = given Input(2)
        %3: f32[3, 2], %4: f32[4, 3, 2] = scan of 4 steps, 1 states, 1 sequences (%0, %1, %2)
            %0: f32[3, 2] = parameter 0
            %1: f32[3, 5] = parameter 1
            %2: f32[7, 2] = parameter 2
            %4: f32[3, 2] = product(%1, %2[0..][5, 2], %0, %2[10..][2, 2])
            %5: f32[3, 2] = fused(%4)
                t1 = tanh(t0)
                give t1
            give %5, %5
        give %4[18..][1, 3, 2]
    "#]],
    );
}

#[test]
fn terms_of_elements_are_computed_ahead() {
    let mut block = recurrence();
    split_products::run(&mut block);
    dead::remove(&mut block);
    check(
        block,
        |block| hoist_sequences::run(block, true),
        &expect![[r#"
        %0: f32[3, 2] = given Input(0)
        %1: f32[4, 3, 5] = given Input(1)
        %2: f32[7, 2] = given Input(2)
        %3: f32[3, 2], %4: f32[4, 3, 2] = scan of 4 steps, 1 states, 1 sequences (%0, %1, %2)
            %0: f32[3, 2] = parameter 0
            %1: f32[3, 5] = parameter 1
            %2: f32[7, 2] = parameter 2
            %4: f32[3, 2] = product(%1, %2[0..][5, 2], %0, %2[10..][2, 2])
            %5: f32[3, 2] = fused(%4)
                t1 = tanh(t0)
                give t1
            give %5, %5
        give %4[18..][1, 3, 2]
        ---- 1 done
        %0: f32[3, 2] = given Input(0)
        %1: f32[4, 3, 5] = given Input(1)
        %2: f32[7, 2] = given Input(2)
        %10: f32[12, 2] = product(%1[0..][12, 5], %2[0..][5, 2])
        %3: f32[3, 2], %4: f32[4, 3, 2] = scan of 4 steps, 1 states, 1 sequences (%0, %10[0..][4, 3, 2], %2)
            %0: f32[3, 2] = parameter 0
            %2: f32[7, 2] = parameter 2
            %10: f32[3, 2] = parameter 1
            %9: f32[3, 2] = product(%0, %2[10..][2, 2])
            %4: f32[3, 2] = fused(%10, %9)
                t2 = add(t0, t1)
                give t2
            %5: f32[3, 2] = fused(%4)
                t1 = tanh(t0)
                give t1
            give %5, %5
        give %4[18..][1, 3, 2]
    "#]],
    );
}

#[test]
fn a_sum_stays_whole_where_its_order_counts() {
    let mut block = recurrence();
    split_products::run(&mut block);
    assert_eq!(hoist_sequences::run(&mut block, false), 0);
}

#[test]
fn a_last_row_is_the_state() {
    check(
        recurrence(),
        trim_stacks::run,
        &expect![[r#"
        %0: f32[3, 2] = given Input(0)
        %1: f32[4, 3, 5] = given Input(1)
        %2: f32[7, 2] = given Input(2)
        %3: f32[3, 2], %4: f32[4, 3, 2] = scan of 4 steps, 1 states, 1 sequences (%0, %1, %2)
            %0: f32[3, 2] = parameter 0
            %1: f32[3, 5] = parameter 1
            %2: f32[7, 2] = parameter 2
            %3: f32[3, 7] = join at [0, 5] (%1, %0)
            %4: f32[3, 2] = product(%3, %2)
            %5: f32[3, 2] = fused(%4)
                t1 = tanh(t0)
                give t1
            give %5, %5
        give %4[18..][1, 3, 2]
        ---- 1 done
        %0: f32[3, 2] = given Input(0)
        %1: f32[4, 3, 5] = given Input(1)
        %2: f32[7, 2] = given Input(2)
        %3: f32[3, 2] = scan of 4 steps, 1 states, 1 sequences (%0, %1, %2)
            %0: f32[3, 2] = parameter 0
            %1: f32[3, 5] = parameter 1
            %2: f32[7, 2] = parameter 2
            %3: f32[3, 7] = join at [0, 5] (%1, %0)
            %4: f32[3, 2] = product(%3, %2)
            %5: f32[3, 2] = fused(%4)
                t1 = tanh(t0)
                give t1
            give %5
        give %3[0..][1, 3, 2]
    "#]],
    );
}

#[test]
fn products_are_only_of_columns_that_are_read() {
    let mut block = Block::default();
    let z = given(&mut block, 0, &[3, 4]);
    let k = given(&mut block, 1, &[7, 4]);
    let k = block.transposed(k, &[1, 0]);
    let whole = product(&mut block, z, k);
    let part = block.cut(whole, 1, 5, 2);
    let part = block.copied(part, origin());
    block.results = vec![part];
    check(
        block,
        split_products::run,
        &expect![[r#"
        %0: f32[3, 4] = given Input(0)
        %1: f32[7, 4] = given Input(1)
        %3: f32[3, 7] = product(%0, %1[0..][4, 7] strides [1, 4])
        %5: f32[3, 2] = fused(%3[5..][3, 2] strides [7, 1])
            give t0
        give %5
        ---- 2 done
        %0: f32[3, 4] = given Input(0)
        %1: f32[7, 4] = given Input(1)
        %7: f32[3, 2] = product(%0, %1[20..][4, 2] strides [1, 4])
        give %7
    "#]],
    );
}

#[test]
fn what_is_the_same_in_all_steps_goes_before_the_loop() {
    let mut body = Block::default();
    let h = parameter(&mut body, 0, kind(&[2]));
    let a = parameter(&mut body, 1, kind(&[2]));
    let scale = tanh(&mut body, a);
    let next = add(&mut body, h, scale);
    body.results = vec![next];
    let mut block = Block::default();
    let start = given(&mut block, 0, &[2]);
    let a = given(&mut block, 1, &[2]);
    block.results = scan(&mut block, body, vec![start, a], [1, 0]);
    check(
        block,
        hoist_invariants::run,
        &expect![[r#"
        %0: f32[2] = given Input(0)
        %1: f32[2] = given Input(1)
        %2: f32[2] = scan of 4 steps, 1 states, 0 sequences (%0, %1)
            %0: f32[2] = parameter 0
            %1: f32[2] = parameter 1
            %2: f32[2] = fused(%1)
                t1 = tanh(t0)
                give t1
            %3: f32[2] = fused(%0, %2)
                t2 = add(t0, t1)
                give t2
            give %3
        give %2
        ---- 1 done
        %0: f32[2] = given Input(0)
        %1: f32[2] = given Input(1)
        %3: f32[2] = fused(%1)
            t1 = tanh(t0)
            give t1
        %2: f32[2] = scan of 4 steps, 1 states, 0 sequences (%0, %3)
            %0: f32[2] = parameter 0
            %4: f32[2] = parameter 1
            %3: f32[2] = fused(%0, %4)
                t2 = add(t0, t1)
                give t2
            give %3
        give %2
    "#]],
    );
}

/// What is added to a state is left as it is: it becomes a sum after the loop.
#[test]
fn weights_of_gates_are_joined_before_the_loop() {
    let mut body = Block::default();
    let h = parameter(&mut body, 0, kind(&[3, 2]));
    let sums = [1, 2].map(|operand| parameter(&mut body, operand, kind(&[2, 2])));
    let [a, b] = [3, 4].map(|operand| parameter(&mut body, operand, kind(&[2, 2])));
    let gates = [product(&mut body, h, a), product(&mut body, h, b)];
    let gates = gates.map(|gate| tanh(&mut body, gate));
    let next = add(&mut body, gates[0], gates[1]);
    let turned = body.transposed(h, &[1, 0]);
    let slopes = gates.map(|gate| product(&mut body, turned, gate));
    body.results = vec![next];
    for (sum, slope) in sums.into_iter().zip(slopes) {
        let next = add(&mut body, sum, slope);
        body.results.push(next);
    }
    let mut block = Block::default();
    let start = given(&mut block, 0, &[3, 2]);
    let others = [1, 2, 3, 4].map(|input| given(&mut block, input, &[2, 2]));
    let inputs = std::iter::once(start).chain(others).collect();
    block.results = scan(&mut block, body, inputs, [3, 0]);
    let pass = |block: &mut Block| merge_products::run(block, true) + hoist_invariants::run(block);
    check(
        block,
        pass,
        &expect![[r#"
        %0: f32[3, 2] = given Input(0)
        %1: f32[2, 2] = given Input(1)
        %2: f32[2, 2] = given Input(2)
        %3: f32[2, 2] = given Input(3)
        %4: f32[2, 2] = given Input(4)
        %5: f32[3, 2], %6: f32[2, 2], %7: f32[2, 2] = scan of 4 steps, 3 states, 0 sequences (%0, %1, %2, %3, %4)
            %0: f32[3, 2] = parameter 0
            %1: f32[2, 2] = parameter 1
            %2: f32[2, 2] = parameter 2
            %3: f32[2, 2] = parameter 3
            %4: f32[2, 2] = parameter 4
            %5: f32[3, 2] = product(%0, %3)
            %6: f32[3, 2] = product(%0, %4)
            %7: f32[3, 2] = fused(%5)
                t1 = tanh(t0)
                give t1
            %8: f32[3, 2] = fused(%6)
                t1 = tanh(t0)
                give t1
            %9: f32[3, 2] = fused(%7, %8)
                t2 = add(t0, t1)
                give t2
            %11: f32[2, 2] = product(%0[0..][2, 3] strides [1, 2], %7)
            %12: f32[2, 2] = product(%0[0..][2, 3] strides [1, 2], %8)
            %13: f32[2, 2] = fused(%1, %11)
                t2 = add(t0, t1)
                give t2
            %14: f32[2, 2] = fused(%2, %12)
                t2 = add(t0, t1)
                give t2
            give %9, %13, %14
        give %5, %6, %7
        ---- 2 done
        %0: f32[3, 2] = given Input(0)
        %1: f32[2, 2] = given Input(1)
        %2: f32[2, 2] = given Input(2)
        %3: f32[2, 2] = given Input(3)
        %4: f32[2, 2] = given Input(4)
        %8: f32[2, 4] = join at [0, 2] (%3, %4)
        %5: f32[3, 2], %6: f32[2, 2], %7: f32[2, 2] = scan of 4 steps, 3 states, 0 sequences (%0, %1, %2, %8)
            %0: f32[3, 2] = parameter 0
            %1: f32[2, 2] = parameter 1
            %2: f32[2, 2] = parameter 2
            %21: f32[2, 4] = parameter 3
            %18: f32[3, 4] = product(%0, %21)
            %7: f32[3, 2] = fused(%18[0..][3, 2] strides [4, 1])
                t1 = tanh(t0)
                give t1
            %8: f32[3, 2] = fused(%18[2..][3, 2] strides [4, 1])
                t1 = tanh(t0)
                give t1
            %9: f32[3, 2] = fused(%7, %8)
                t2 = add(t0, t1)
                give t2
            %11: f32[2, 2] = product(%0[0..][2, 3] strides [1, 2], %7)
            %12: f32[2, 2] = product(%0[0..][2, 3] strides [1, 2], %8)
            %13: f32[2, 2] = fused(%1, %11)
                t2 = add(t0, t1)
                give t2
            %14: f32[2, 2] = fused(%2, %12)
                t2 = add(t0, t1)
                give t2
            give %9, %13, %14
        give %5, %6, %7
    "#]],
    );
}

#[test]
fn a_sum_of_products_is_one_product_after_the_loop() {
    let mut body = Block::default();
    let sum = parameter(&mut body, 0, kind(&[5, 2]));
    let x = parameter(&mut body, 1, kind(&[3, 5]));
    let z = parameter(&mut body, 2, kind(&[3, 2]));
    let x = body.transposed(x, &[1, 0]);
    let z = tanh(&mut body, z);
    let outer = product(&mut body, x, z);
    let next = add(&mut body, sum, outer);
    body.results = vec![next];
    let mut block = Block::default();
    let start = given(&mut block, 0, &[5, 2]);
    let xs = given(&mut block, 1, &[4, 3, 5]);
    let zs = given(&mut block, 2, &[4, 3, 2]);
    block.results = scan(&mut block, body, vec![start, xs, zs], [1, 2]);
    check(
        block,
        sink_sums::run,
        &expect![[r#"
        %0: f32[5, 2] = given Input(0)
        %1: f32[4, 3, 5] = given Input(1)
        %2: f32[4, 3, 2] = given Input(2)
        %3: f32[5, 2] = scan of 4 steps, 1 states, 2 sequences (%0, %1, %2)
            %0: f32[5, 2] = parameter 0
            %1: f32[3, 5] = parameter 1
            %2: f32[3, 2] = parameter 2
            %4: f32[3, 2] = fused(%2)
                t1 = tanh(t0)
                give t1
            %5: f32[5, 2] = product(%1[0..][5, 3] strides [1, 5], %4)
            %6: f32[5, 2] = fused(%0, %5)
                t2 = add(t0, t1)
                give t2
            give %6
        give %3
        ---- 1 done
        %0: f32[5, 2] = given Input(0)
        %1: f32[4, 3, 5] = given Input(1)
        %2: f32[4, 3, 2] = given Input(2)
        %4: f32[4, 3, 2] = scan of 4 steps, 0 states, 1 sequences (%2)
            %2: f32[3, 2] = parameter 0
            %4: f32[3, 2] = fused(%2)
                t1 = tanh(t0)
                give t1
            give %4
        %8: f32[5, 2] = product(%1[0..][5, 12] strides [1, 5], %4[0..][12, 2])
        %9: f32[5, 2] = fused(%0, %8)
            t2 = add(t0, t1)
            give t2
        give %9
    "#]],
    );
}

#[test]
fn states_that_only_feed_themselves_are_left_out() {
    let mut body = Block::default();
    let h = parameter(&mut body, 0, kind(&[2]));
    let unread = parameter(&mut body, 1, kind(&[2]));
    let x = parameter(&mut body, 2, kind(&[2]));
    let y = parameter(&mut body, 3, kind(&[2]));
    let next = add(&mut body, h, x);
    let other = add(&mut body, unread, y);
    body.results = vec![next, other, other];
    let mut block = Block::default();
    let start = given(&mut block, 0, &[2]);
    let xs = given(&mut block, 1, &[4, 2]);
    let ys = given(&mut block, 2, &[4, 2]);
    let outputs = scan(&mut block, body, vec![start, start, xs, ys], [2, 2]);
    block.results = vec![outputs[0]];
    check(
        block,
        |_| 0,
        &expect![[r#"
        %0: f32[2] = given Input(0)
        %1: f32[4, 2] = given Input(1)
        %2: f32[4, 2] = given Input(2)
        %3: f32[2], %4: f32[2], %5: f32[4, 2] = scan of 4 steps, 2 states, 2 sequences (%0, %0, %1, %2)
            %0: f32[2] = parameter 0
            %1: f32[2] = parameter 1
            %2: f32[2] = parameter 2
            %3: f32[2] = parameter 3
            %4: f32[2] = fused(%0, %2)
                t2 = add(t0, t1)
                give t2
            %5: f32[2] = fused(%1, %3)
                t2 = add(t0, t1)
                give t2
            give %4, %5, %5
        give %3
        ---- 0 done
        %0: f32[2] = given Input(0)
        %1: f32[4, 2] = given Input(1)
        %3: f32[2] = scan of 4 steps, 1 states, 1 sequences (%0, %1)
            %0: f32[2] = parameter 0
            %2: f32[2] = parameter 1
            %4: f32[2] = fused(%0, %2)
                t2 = add(t0, t1)
                give t2
            give %4
        give %3
    "#]],
    );
}
