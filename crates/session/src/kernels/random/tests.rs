use std::fs::File;
use std::path::Path;

use aqueduct_graph::Element;
use aqueduct_graph::ir::{Data, Fact, Int, Seeds};
use ndarray::ArrayD;
use ndarray_npy::{NpzReader, ReadableElement};

use super::*;
use crate::kernels::{Slice, SliceMut};

/// A file of values that TensorFlow gave.
struct Reference(NpzReader<File>);

impl Reference {
    fn open(name: &str) -> Reference {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/reference");
        Reference(NpzReader::new(File::open(folder.join(name)).unwrap()).unwrap())
    }

    fn keys(&mut self) -> Vec<String> {
        self.0.names().unwrap()
    }

    fn data<T: Typed + ReadableElement>(&mut self, key: &str) -> (Vec<usize>, Data) {
        let array: ArrayD<T> = self.0.by_name(key).unwrap();
        (
            array.shape().to_vec(),
            T::into_data(array.into_iter().collect()),
        )
    }

    fn read(&mut self, key: &str, dtype: DType) -> (Vec<usize>, Data) {
        match dtype {
            DType::F32 => self.data::<f32>(key),
            DType::F64 => self.data::<f64>(key),
            DType::I32 => self.data::<i32>(key),
            DType::I64 => self.data::<i64>(key),
            DType::U8 | DType::Bool => panic!("{key} of {dtype}"),
        }
    }
}

/// An op with the operands it is run on.
struct Case {
    op: Random,
    /// The operand of a shuffle, or low and high.
    operands: Vec<Data>,
    dtype: DType,
    sizes: Vec<usize>,
}

impl Case {
    fn with_spec<R>(&self, use_spec: impl FnOnce(&Spec<'_>) -> R) -> R {
        let result = Fact::new(self.dtype, self.sizes.clone());
        let mut inputs = Vec::new();
        if self.is_shuffle() {
            inputs.push(result.clone());
        } else {
            let ints = self.sizes.iter().map(|size| Int::Known(*size as i64));
            inputs.push(Fact::of_ints(DType::I32, false, ints.collect()));
            inputs.extend(self.operands.iter().map(|x| Fact::new(x.dtype(), ())));
        }
        use_spec(&Spec {
            inputs: &inputs,
            outputs: &[result],
        })
    }

    fn is_shuffle(&self) -> bool {
        self.op.distribution == Distribution::Shuffle
    }

    /// What run number `run` of a session gives, counted from 0.
    fn draw(&self, run: u64) -> Result<Data, Failure> {
        let (kernel, blocks) =
            self.with_spec(|spec| (kernel(&self.op, spec), blocks(&self.op, spec)));
        let mut philox = Philox::from(self.op.seeds.unwrap());
        philox.skip(run * blocks);
        let mut output = Data::try_zeros(self.dtype, self.sizes.iter().product()).unwrap();
        let mut args = Args::new();
        if !self.is_shuffle() {
            args.push_input(None);
        }
        for operand in &self.operands {
            args.push_input(Some(Slice::from(operand)));
        }
        args.push_output(SliceMut::from(&mut output));
        kernel(&mut args, &philox)?;
        drop(args);
        Ok(output)
    }
}

fn seeds(text: &str) -> Seeds {
    let (graph, op) = text.split_once(',').unwrap();
    let bits = |number: &str| number.parse::<i64>().unwrap().cast_unsigned();
    Seeds {
        graph: bits(graph),
        op: bits(op),
    }
}

/// `RandomUniformInt[0,10)` is `("RandomUniformInt", "0,10")`, and likewise with round brackets.
fn name_and_parameters(op: &str) -> (&str, &str) {
    match op.split_once(['[', '(']) {
        Some((name, parameters)) => (name, parameters.trim_end_matches(')')),
        None => (op, ""),
    }
}

/// Integers of a type that `UniformInt` draws.
fn integers(dtype: DType, values: impl Iterator<Item = i64>) -> Data {
    if dtype == DType::I32 {
        Data::I32(values.map(|value| value.try_into().unwrap()).collect())
    } else {
        Data::I64(values.collect())
    }
}

fn case(op: &str, dtype: DType, seed_pair: &str, sizes: Vec<usize>) -> Case {
    let (name, parameters) = name_and_parameters(op);
    let (distribution, operands) = match name {
        "RandomUniform" => (Distribution::Uniform { dtype }, vec![]),
        "RandomStandardNormal" => (Distribution::StandardNormal { dtype }, vec![]),
        "TruncatedNormal" => (Distribution::TruncatedNormal { dtype }, vec![]),
        "RandomUniformInt" => {
            let (low, high) = parameters.split_once(',').unwrap();
            let bounds =
                [low, high].map(|bound| integers(dtype, std::iter::once(bound.parse().unwrap())));
            (Distribution::UniformInt { dtype }, bounds.to_vec())
        }
        "RandomShuffle" => {
            let count = sizes.iter().product::<usize>() as i64;
            let rows = integers(dtype, 0..count);
            (Distribution::Shuffle, vec![rows])
        }
        _ => panic!("no case for {op}"),
    };
    let seeds = Some(seeds(seed_pair));
    let op = Random {
        distribution,
        seeds,
    };
    Case {
        op,
        operands,
        dtype,
        sizes,
    }
}

/// Whether both have the same type and the same bits (`-0.0` is not `0.0`).
fn same_bits(ours: &Data, theirs: &Data) -> bool {
    match (ours, theirs) {
        (Data::F32(a), Data::F32(b)) => bits(a, |x| x.to_bits()) == bits(b, |x| x.to_bits()),
        (Data::F64(a), Data::F64(b)) => bits(a, |x| x.to_bits()) == bits(b, |x| x.to_bits()),
        (a, b) => a == b,
    }
}

fn bits<T: Copy, B>(values: &[T], of: impl Fn(T) -> B) -> Vec<B> {
    values.iter().map(|value| of(*value)).collect()
}

fn elements<T: Element>(data: Data) -> Vec<T> {
    T::from_data(data).unwrap()
}

fn run_number(key: &str) -> u64 {
    match key {
        "run1" | "n2000_last13" => 0,
        "run2" => 1,
        _ => panic!("no run {key}"),
    }
}

#[test]
fn draws_are_tensorflows_to_the_bit() {
    let mut file = Reference::open("random_philox.npz");
    let keys = file.keys();
    assert_eq!(keys.len(), 45);
    for key in keys {
        let [op, seed_pair, run] = split(&key);
        let dtype = match op.split_once(['[', '(']) {
            Some(_) => DType::I32,
            None => DType::F32,
        };
        let (mut sizes, theirs) = file.read(&key, dtype);
        let last = run == "n2000_last13";
        if last {
            sizes = vec![2000];
        }
        let mut ours = case(op, dtype, seed_pair, sizes).draw(run_number(run));
        if last {
            ours = ours.map(|data| Data::F32(elements(data).split_off(1987)));
        }
        assert!(same_bits(&ours.unwrap(), &theirs), "{key}");
    }
}

#[test]
fn other_types_and_shapes_are_tensorflows_to_the_bit() {
    let mut file = Reference::open("random_more.npz");
    let keys = file.keys();
    assert_eq!(keys.len(), 102);
    for key in keys {
        let [op, dtype, seed_pair, run] = split(&key);
        let dtype = DType::ALL.into_iter().find(|each| each.tf_name() == dtype);
        let (sizes, theirs) = file.read(&key, dtype.unwrap());
        let ours = case(op, dtype.unwrap(), seed_pair, sizes).draw(run_number(run));
        assert!(same_bits(&ours.unwrap(), &theirs), "{key}");
    }
}

fn split<const N: usize>(key: &str) -> [&str; N] {
    let parts: Vec<&str> = key.split('|').collect();
    parts.try_into().unwrap()
}

/// The bounds and deviations are worked out in f64 and rounded to f32 once; all else is f32.
#[test]
fn initializers_are_tensorflows_to_the_bit() {
    let mut file = Reference::open("initializers_seed1_op14.npz");
    let mut seen = 0;
    for key in file.keys() {
        let [name, _] = split(&key);
        let (sizes, theirs) = file.read(&key, DType::F32);
        let (fan_in, fan_out) = fans(&sizes);
        let fan_average = (fan_in + fan_out) / 2.0;
        let input_size = sizes.iter().rev().skip(1).product::<usize>() as f64;
        let draw = |op| elements(case(op, DType::F32, "1,14", sizes.clone()).draw(0).unwrap());
        let uniform = |limit: f64| {
            let (low, high) = (-limit as f32, limit as f32);
            scaled(draw("RandomUniform"), high - low, low)
        };
        let truncated = |deviation: f64| scaled(draw("TruncatedNormal"), deviation as f32, 0.0);
        let ours = match name {
            "glorot_uniform" => uniform((3.0 * (1.0 / fan_average)).sqrt()),
            "glorot_normal" => truncated((1.0 / fan_average).sqrt() / TRUNCATED_DEVIATION),
            "variance_scaling_default" => truncated((1.0 / fan_in).sqrt() / TRUNCATED_DEVIATION),
            "truncated_normal" => truncated(1.0),
            "random_normal" => scaled(draw("RandomStandardNormal"), 1.0, 0.0),
            "random_uniform_m1_1" => uniform(1.0),
            "uniform_unit_scaling" => uniform((3.0 / input_size).sqrt()),
            "orthogonal" => continue, // A decomposition of a draw: it depends on more than its bits.
            _ => panic!("no initializer {name}"),
        };
        assert!(same_bits(&Data::F32(ours), &theirs), "{key}");
        seen += 1;
    }
    assert_eq!(seen, 21);
}

/// The deviation of a standard normal number that is known to be inside (-2, 2).
const TRUNCATED_DEVIATION: f64 = 0.879_625_661_034_239_8;

fn scaled(drawn: Vec<f32>, factor: f32, offset: f32) -> Vec<f32> {
    drawn.into_iter().map(|x| x * factor + offset).collect()
}

fn fans(sizes: &[usize]) -> (f64, f64) {
    match sizes {
        [size] => (*size as f64, *size as f64),
        [field @ .., fan_in, fan_out] => {
            let field = field.iter().product::<usize>();
            ((field * fan_in) as f64, (field * fan_out) as f64)
        }
        [] => (1.0, 1.0),
    }
}

#[test]
fn a_draw_in_pieces_is_the_whole_draw() {
    fn check<T: Element, const N: usize>(group: fn(&Philox, u64) -> [T; N]) {
        const LEN: usize = 23;
        let mut philox = Philox::new(1, 4);
        philox.skip(5);
        let range = |start: usize, end: usize| {
            let mut piece = vec![T::default(); end - start];
            fill(&mut piece, start, |number| group(&philox, number));
            piece
        };
        let whole = range(0, LEN);
        for start in 0..LEN {
            for end in start..=LEN {
                assert_eq!(range(start, end), whole[start..end], "{start}..{end}");
            }
        }
    }
    check(uniform::<f32, 4>);
    check(uniform::<f64, 2>);
    check(standard_normal::<f32, 4>);
    check(standard_normal::<f64, 2>);
    check(truncated_normal::<f32, 4>);
    check(truncated_normal::<f64, 2>);
    check(|philox, group| i32::between(philox.block(group), -3, 9));
    check(|philox, group| i64::between(philox.block(group), -3, 9));
}

#[test]
fn a_draw_moves_the_counter_as_tensorflow_does() {
    let moved = |op: &str, sizes: &[usize]| {
        let case = case(op, DType::F32, "1,4", sizes.to_vec());
        case.with_spec(|spec| blocks(&case.op, spec))
    };
    assert_eq!(moved("RandomUniform", &[13]), 256 * 13);
    assert_eq!(moved("RandomUniform", &[]), 256);
    assert_eq!(moved("RandomUniform", &[3, 0]), 0);
    assert_eq!(moved("TruncatedNormal", &[2, 3]), 256 * 6);
    assert_eq!(moved("RandomShuffle", &[5]), 1);
    assert_eq!(moved("RandomShuffle", &[6]), 2);
    assert_eq!(moved("RandomShuffle", &[6, 100]), 2);
    for unmoved in [&[][..], &[1], &[0], &[1, 9], &[9, 0]] {
        assert_eq!(moved("RandomShuffle", unmoved), 0, "{unmoved:?}");
    }
}

#[test]
fn integers_need_a_range() {
    let draw = |op, sizes: Vec<usize>| case(op, DType::I32, "1,4", sizes).draw(0);
    let failure = draw("RandomUniformInt[3,3)", vec![2]).unwrap_err();
    assert_eq!(failure.message, "needs low < high, got low 3 and high 3");
    assert!(draw("RandomUniformInt[4,3)", vec![1]).is_err());
    assert_eq!(
        draw("RandomUniformInt[4,3)", vec![0]),
        Ok(Data::I32(vec![]))
    );
}

#[test]
fn a_type_that_is_not_drawn_is_refused() {
    let failure = case("RandomUniform", DType::Bool, "1,4", vec![2]).draw(0);
    assert_eq!(
        failure.unwrap_err().message,
        "cannot draw elements of type bool"
    );
}

#[test]
fn a_shuffle_keeps_rows_of_any_type_whole() {
    let rows = Data::F64(vec![1.0, -1.0, 2.0, -2.0, 3.0, -3.0, 4.0, -4.0]);
    let mut case = case("RandomShuffle", DType::F64, "1,4", vec![4, 2]);
    case.operands = vec![rows];
    let shuffled: Vec<f64> = elements(case.draw(0).unwrap());
    let mut firsts = Vec::new();
    for row in shuffled.chunks(2) {
        assert_eq!(row[0], -row[1]);
        firsts.push(row[0]);
    }
    firsts.sort_by(f64::total_cmp);
    assert_eq!(firsts, [1.0, 2.0, 3.0, 4.0]);
}
