//! Import: from a stage, after the shape rules, to a block that passes can work on.

use std::sync::Arc;

use aqueduct_graph::ir::{
    Array, Binary, Control, Data, Fact, Math, Nn, NodeId, Op, Reduce, Region, SliceSpec, State,
    Store, TensorId, Update,
};
use aqueduct_graph::{DType, Value};

use crate::compile::draft::{Draft, Planned, Specialised, Stage};
use crate::compile::emit::Emission;
use crate::compile::prune::output_of;
use crate::engine::ir::{Block, Code, Kernel, Piece, Scan, Source, Type, ValueId};
use crate::engine::opaque::Opaque;
use crate::engine::views::Part;
use crate::error::{Error, Result};
use crate::kernels::fused::{Expression, Primitive, Step};
use crate::plan::{Operand, Output};

/// A stage on its way to becoming a block.
pub(super) struct Import<'a> {
    store: &'a Store,
    draft: &'a mut Draft,
    /// Of what the plain executor will run: its instructions, one at a time, and its bodies.
    emission: Emission,
    block: Block,
    /// What the block is given for each input of a loop's body; none for a plan's block.
    parameters: Vec<Option<(usize, Type)>>,
}

impl Draft {
    /// The block of a stage. The draft's places name its values from then on. Of `results` those go
    /// that nothing makes, as their shape alone is used.
    pub(super) fn import(
        &mut self,
        store: &Store,
        stage: Stage,
        results: &mut Vec<TensorId>,
    ) -> Result<(Block, Emission)> {
        self.import_given(store, stage, Vec::new(), results)
    }

    fn import_given(
        &mut self,
        store: &Store,
        stage: Stage,
        parameters: Vec<Option<(usize, Type)>>,
        results: &mut Vec<TensorId>,
    ) -> Result<(Block, Emission)> {
        let live: Vec<NodeId> = stage
            .ready
            .iter()
            .copied()
            .filter(|id| stage.live.contains(id))
            .collect();
        let mut import = Import {
            store,
            draft: self,
            emission: Emission::new(stage.bodies),
            block: Block::default(),
            parameters,
        };
        for id in live {
            import.node(id)?;
        }
        results.retain(|result| import.draft.places.contains_key(result));
        for result in results {
            let value = import.tensor(*result)?;
            import.block.results.push(value);
        }
        Ok((import.block, import.emission))
    }
}

impl Import<'_> {
    fn node(&mut self, id: NodeId) -> Result<()> {
        let op = &self.store.node(id).op;
        let facts = self.draft.output_facts(self.store, id);
        if self.draft.makes_late_values(self.store, id) {
            return self.opaque(id);
        }
        match op {
            Op::State(op) => self.state(id, *op),
            Op::Random(op) => {
                let op = *op;
                let (kernel, inputs) = self.kernel(id)?;
                let outputs = facts.iter().filter_map(Type::of);
                let outputs = self.block.push(Code::Draw(op, kernel), inputs, outputs, id);
                self.give(id, outputs);
                Ok(())
            }
            Op::Control(Control::NoOp) => Ok(()),
            Op::Control(control @ Control::Scan { body, .. }) => {
                match self.emission.bodies.remove(body) {
                    Some(planned) if is_plain_loop(self.store, &planned) => {
                        self.scan(id, control, planned)
                    }
                    Some(planned) => {
                        self.emission.bodies.insert(*body, planned);
                        self.opaque(id)
                    }
                    None => Err(Error::internal("a body was not planned")),
                }
            }
            Op::Control(_) | Op::Debug(_) | Op::Custom(_) => self.opaque(id),
            Op::Array(Array::Constant(value)) => {
                let kind = Type::contiguous(value.dtype(), value.shape());
                let code = Code::Constant(Arc::clone(value));
                let value = self.block.push_one(code, Vec::new(), kind, id);
                self.give(id, vec![value]);
                Ok(())
            }
            Op::Math(_) | Op::Array(_) | Op::Reduce(_) | Op::Nn(_) => self.pure(id, op, &facts),
        }
    }

    /// An op that gives values of its operands alone.
    fn pure(&mut self, id: NodeId, op: &Op, facts: &[Fact]) -> Result<()> {
        if let [fact] = facts
            && let Some(value) = known_value(fact)
        {
            let kind = Type::contiguous(value.dtype(), value.shape());
            let code = Code::Constant(Arc::new(value));
            let value = self.block.push_one(code, Vec::new(), kind, id);
            self.give(id, vec![value]);
            return Ok(());
        }
        if let Some(outputs) = self.seen(id, op, facts)? {
            self.give(id, outputs);
            return Ok(());
        }
        let outputs: Vec<Type> = facts.iter().filter_map(Type::of).collect();
        let (code, inputs) = match self.elementwise(id, op, facts)? {
            Some(fused) => fused,
            None => match self.product(id, op)? {
                Some(product) => {
                    let [output] = &*outputs else {
                        return Err(Error::internal("a product has another number of results"));
                    };
                    return self.push_product(id, product, output);
                }
                None => match self.join(id, op, facts)? {
                    Some(join) => join,
                    None => {
                        let (kernel, inputs) = self.kernel(id)?;
                        (Code::Kernel(kernel), inputs)
                    }
                },
            },
        };
        let outputs = self.block.push(code, inputs, outputs, id);
        self.give(id, outputs);
        Ok(())
    }

    /// An op that only looks at its operand in another way, if this one does.
    fn seen(&mut self, id: NodeId, op: &Op, facts: &[Fact]) -> Result<Option<Vec<ValueId>>> {
        let Op::Array(op) = op else {
            return if matches!(op, Op::Reduce(Reduce::SumTo)) {
                self.sum_of_nothing(id, facts)
            } else {
                Ok(None)
            };
        };
        let sizes: Vec<usize> = facts
            .first()
            .and_then(|fact| fact.shape.sizes())
            .unwrap_or_default();
        let value = match op {
            Array::Identity
            | Array::PlaceholderWithDefault { .. }
            | Array::StopGradient
            | Array::EnsureShape { .. }
            | Array::EnsureSize { .. } => vec![self.operand(id, 0)?],
            Array::Reshape | Array::ExpandDims { .. } | Array::Squeeze { .. } => {
                let x = self.operand(id, 0)?;
                vec![self.reshaped(id, x, &sizes)]
            }
            Array::Transpose { perm } => {
                let x = self.operand(id, 0)?;
                vec![self.block.transposed(x, perm)]
            }
            Array::BroadcastTo => {
                let x = self.operand(id, 0)?;
                vec![self.block.repeated(x, &sizes)]
            }
            Array::Fill => {
                let x = self.operand(id, 1)?;
                vec![self.block.repeated(x, &sizes)]
            }
            Array::Slice(slice) => match self.sliced(id, slice)? {
                Some(value) => vec![value],
                None => return Ok(None),
            },
            Array::Split { axis, .. } => {
                let x = self.operand(id, 0)?;
                let mut start = 0;
                let mut pieces = Vec::new();
                for fact in facts {
                    let count = fact
                        .shape
                        .sizes()
                        .and_then(|sizes| sizes.get(*axis).copied());
                    let count = count.unwrap_or(0);
                    pieces.push(self.block.cut(x, *axis, start, count));
                    start += count;
                }
                pieces
            }
            Array::Unstack { axis, count } => {
                let x = self.operand(id, 0)?;
                let mut pieces = Vec::new();
                for place in 0..*count {
                    let piece = self.block.cut(x, *axis, place, 1);
                    pieces.push(self.reshaped(id, piece, &sizes));
                }
                pieces
            }
            Array::Placeholder { .. }
            | Array::Constant(_)
            | Array::Shape { .. }
            | Array::Size { .. }
            | Array::SliceGrad(_)
            | Array::Stack { .. }
            | Array::Concat { .. }
            | Array::Gather { .. }
            | Array::GatherNd
            | Array::ScatterNd
            | Array::TensorScatterUpdate
            | Array::TopK { .. }
            | Array::Segment { .. }
            | Array::Range { .. }
            | Array::Tile
            | Array::Pad { .. }
            | Array::PadGrad { .. }
            | Array::ReverseSequence { .. }
            | Array::OneHot { .. }
            | Array::Where
            | Array::FirstOccurrence => return Ok(None),
        };
        Ok(Some(value))
    }

    /// A sum over what was not repeated is the operand.
    fn sum_of_nothing(&mut self, id: NodeId, facts: &[Fact]) -> Result<Option<Vec<ValueId>>> {
        let x = self.operand(id, 0)?;
        let same = facts.first().and_then(|fact| fact.shape.sizes());
        let same = same.as_deref() == Some(self.block.sizes(x));
        Ok(same.then(|| vec![x]))
    }

    /// The value in another shape, copied if no strides show it so.
    fn reshaped(&mut self, id: NodeId, value: ValueId, sizes: &[usize]) -> ValueId {
        if let Some(view) = self.block.reshaped(value, sizes) {
            return view;
        }
        let copy = self.block.copied(value, id);
        // What lies row by row can be seen in any shape.
        self.block.reshaped(copy, sizes).unwrap_or(copy)
    }

    /// `None` for a slice out of bounds, which its kernel reports.
    fn sliced(&mut self, id: NodeId, slice: &SliceSpec) -> Result<Option<ValueId>> {
        let x = self.operand(id, 0)?;
        let Ok(resolved) = slice.resolve(self.block.sizes(x)) else {
            return Ok(None);
        };
        let parts: Vec<Part> = resolved
            .cuts
            .iter()
            .map(|cut| Part {
                start: cut.start,
                step: cut.step,
                count: cut.count,
            })
            .collect();
        let cut = self.block.sliced(x, &parts);
        Ok(Some(self.reshaped(id, cut, &resolved.sizes)))
    }

    fn elementwise(
        &mut self,
        id: NodeId,
        op: &Op,
        facts: &[Fact],
    ) -> Result<Option<(Code, Vec<ValueId>)>> {
        if matches!(op, Op::Math(Math::AddN)) {
            return self.sum(id).map(Some);
        }
        let inputs = self.draft.input_facts(self.store, id);
        let types: Vec<DType> = inputs.iter().map(|fact| fact.dtype).collect();
        let Some(first) = types.first() else {
            return Ok(None);
        };
        let primitive = match op {
            // A vector broadcasts along the last axis by itself.
            Op::Nn(Nn::BiasAdd) => Some(Primitive::Binary(Binary::Add)),
            op => Primitive::of(op, *first),
        };
        let (Some(primitive), [fact]) = (primitive, facts) else {
            return Ok(None);
        };
        let expression = Expression::of(primitive, &types, fact.dtype);
        Ok(Some((Code::Fused(expression), self.operands(id)?)))
    }

    /// A sum of several operands of one shape, from the first to the last.
    fn sum(&mut self, id: NodeId) -> Result<(Code, Vec<ValueId>)> {
        let operands = self.operands(id)?;
        let dtype = operands
            .first()
            .map_or(DType::F32, |x| self.block.dtype(*x));
        let count = operands.len();
        let mut sum = 0;
        let mut steps = Vec::new();
        for operand in 1..count {
            steps.push(Step {
                primitive: Primitive::Binary(Binary::Add),
                operands: [sum, operand].into_iter().collect(),
                dtype,
            });
            sum = count + steps.len() - 1;
        }
        let expression = Expression {
            inputs: vec![dtype; count],
            steps,
            outputs: vec![sum],
        };
        Ok((Code::Fused(expression), operands))
    }

    /// The operands of a product of two matrices, and the shape in which it is computed, if the op is
    /// one.
    fn product(&mut self, id: NodeId, op: &Op) -> Result<Option<[ValueId; 2]>> {
        let Op::Math(Math::MatMul {
            transpose_a,
            transpose_b,
        }) = op
        else {
            return Ok(None);
        };
        let (a, b) = (self.operand(id, 0)?, self.operand(id, 1)?);
        let (a_rank, b_rank) = (self.block.sizes(a).len(), self.block.sizes(b).len());
        if b_rank != 2 || a_rank < 2 || (a_rank > 2 && *transpose_a) {
            return Ok(None);
        }
        let a = if a_rank > 2 {
            // The rows of all matrices are the rows of one.
            let sizes = self.block.sizes(a);
            let (rows, columns) = sizes.split_at(a_rank - 1);
            let sizes = [rows.iter().product(), columns.iter().product()];
            self.reshaped(id, a, &sizes)
        } else {
            a
        };
        let a = if *transpose_a {
            self.block.transposed(a, &[1, 0])
        } else {
            a
        };
        let b = if *transpose_b {
            self.block.transposed(b, &[1, 0])
        } else {
            b
        };
        Ok(Some([a, b]))
    }

    fn push_product(&mut self, id: NodeId, [a, b]: [ValueId; 2], output: &Type) -> Result<()> {
        let sizes = [self.block.sizes(a)[0], self.block.sizes(b)[1]];
        let kind = Type::contiguous(output.dtype, &sizes);
        let product = self.block.push_one(Code::Product, vec![a, b], kind, id);
        let value = self.reshaped(id, product, &output.sizes);
        self.give(id, vec![value]);
        Ok(())
    }

    fn join(
        &mut self,
        id: NodeId,
        op: &Op,
        facts: &[Fact],
    ) -> Result<Option<(Code, Vec<ValueId>)>> {
        let (axis, stacks) = match op {
            Op::Array(Array::Stack { axis }) => (*axis, true),
            Op::Array(Array::Concat { axis }) => (*axis, false),
            Op::Array(_)
            | Op::Math(_)
            | Op::Reduce(_)
            | Op::Nn(_)
            | Op::Random(_)
            | Op::State(_)
            | Op::Control(_)
            | Op::Debug(_)
            | Op::Custom(_) => return Ok(None),
        };
        let Some(whole) = facts.first().and_then(Type::of) else {
            return Ok(None);
        };
        let operands = self.operands(id)?;
        let mut strides = whole.strides.clone();
        let step = strides[axis].unsigned_abs();
        if stacks {
            strides.remove(axis);
        }
        let mut start = 0;
        let mut pieces = Vec::new();
        for operand in &operands {
            pieces.push(Piece {
                offset: start * step,
                strides: strides.clone(),
            });
            let size = self.block.sizes(*operand).get(axis).copied();
            start += if stacks { 1 } else { size.unwrap_or(0) };
        }
        Ok(Some((Code::Join(pieces), operands)))
    }

    fn state(&mut self, id: NodeId, op: State) -> Result<()> {
        let variable = op.variable();
        match op {
            State::Read(_) => {
                let version = self.draft.entry_version(variable)?;
                self.give_version(id, version)
            }
            State::ReadValue(_) => {
                let version = self.draft.version_seen_by(self.store, id, variable)?;
                self.give_version(id, version)
            }
            State::Assign(_, update) => {
                let (from, version) = self.draft.write(id, variable)?;
                let value = self.operand(id, 0)?;
                let value = match update {
                    Update::Set => value,
                    Update::Add => self.updated(id, from, value, Binary::Add)?,
                    Update::Sub => self.updated(id, from, value, Binary::Sub)?,
                };
                self.emission.versions.insert(version, value);
                let code = Code::Write { variable, version };
                self.block.push(code, vec![value], None, id);
                self.give(id, vec![value]);
                Ok(())
            }
            State::IsInitialized(_) | State::Scatter(..) | State::ScatterNd(..) => self.opaque(id),
        }
    }

    fn updated(
        &mut self,
        id: NodeId,
        from: usize,
        value: ValueId,
        function: Binary,
    ) -> Result<ValueId> {
        let old = self.version(id, from)?;
        let kind = self.block.kind(old);
        let kind = Type::contiguous(kind.dtype, &kind.sizes);
        let primitive = Primitive::Binary(function);
        let code = Code::Fused(Expression::of(primitive, &[kind.dtype; 2], kind.dtype));
        Ok(self.block.push_one(code, vec![old, value], kind, id))
    }

    fn give_version(&mut self, id: NodeId, version: usize) -> Result<()> {
        let value = self.version(id, version)?;
        self.give(id, vec![value]);
        Ok(())
    }

    /// The value of a version of the variable that `id` reads or writes.
    fn version(&mut self, id: NodeId, version: usize) -> Result<ValueId> {
        if let Some(value) = self.emission.versions.get(&version) {
            return Ok(*value);
        }
        let fact = self.draft.output_facts(self.store, id);
        let kind = fact.first().and_then(Type::of);
        let kind = kind.ok_or_else(|| Error::internal("a variable has no known shape"))?;
        let value = self.source(Operand::Version(version), kind);
        self.emission.versions.insert(version, value);
        Ok(value)
    }

    /// A loop whose body is a block.
    fn scan(&mut self, id: NodeId, control: &Control, planned: Planned) -> Result<()> {
        let Specialised::Body(body) = planned.specialised else {
            return Err(Error::internal("a body that is refused was imported"));
        };
        let Control::Scan {
            body: region,
            states,
            sequences,
            reverse,
            ..
        } = control
        else {
            return Err(Error::internal("a loop is no scan"));
        };
        let (mut draft, stage) = *body;
        let given = self.draft.given(id, control, *region);
        let steps = self.draft.steps(self.store, id, control)?;
        let region = self.store.region(*region);
        let operands = self.draft.value_inputs(self.store, id);

        let mut inputs = Vec::new();
        let mut parameters: Vec<Option<(usize, Type)>> = vec![None; region.parameters.len()];
        for state in given.iter().filter(|given| given.output < *states) {
            let initial = self.needed(&operands, state.output)?;
            let initial = self.block.contiguous(initial, id);
            parameters[state.output] = Some((inputs.len(), contiguous(self.block.kind(initial))));
            inputs.push(initial);
        }
        let carried = inputs.len();
        let of_sequences = parameters.iter_mut().enumerate().skip(*states);
        for (slot, parameter) in of_sequences.take(*sequences) {
            if let Some(sequence) = self.optional(&operands, slot)? {
                let sequence = self.forward(id, sequence, 1);
                *parameter = Some((inputs.len(), self.block.kind(sequence).element()));
                inputs.push(sequence);
            }
        }
        let used_sequences = inputs.len() - carried;
        let limit = match control.limit_slot() {
            Some(slot) => Some(self.needed(&operands, slot)?),
            None => None,
        };
        inputs.extend(limit);
        self.captures(id, region, &draft, &mut inputs, &mut parameters)?;
        let mut results: Vec<TensorId> = given
            .iter()
            .map(|given| draft.results[given.result].0)
            .collect();
        let (mut block, _) = draft.import_given(self.store, stage, parameters, &mut results)?;
        if results.len() != given.len() {
            return Err(Error::internal("a loop's body does not make what it gives"));
        }
        for state in 0..carried {
            block.results[state] = block.contiguous(block.results[state], id);
        }
        let mut outputs = Vec::new();
        let facts = self.draft.output_facts(self.store, id);
        for given in &given {
            let kind = facts.get(given.output).and_then(Type::of);
            outputs.push(kind.ok_or_else(|| Error::internal("a loop's output has no shape"))?);
        }
        let scan = Scan {
            body: block,
            steps,
            reverse: *reverse,
            states: carried,
            sequences: used_sequences,
            limited: limit.is_some(),
            straight: false,
            operands: self.draft.input_facts(self.store, id),
        };
        let outputs = self
            .block
            .push(Code::Scan(Box::new(scan)), inputs, outputs, id);
        for (given, value) in given.iter().zip(outputs) {
            self.give_output(output_of(id, given.output), value);
        }
        Ok(())
    }

    /// Adds what a body uses from around to a loop's operands.
    fn captures(
        &mut self,
        id: NodeId,
        region: &Region,
        body: &Draft,
        inputs: &mut Vec<ValueId>,
        parameters: &mut Vec<Option<(usize, Type)>>,
    ) -> Result<()> {
        debug_assert_eq!(region.parameters.len(), parameters.len());
        for (tensor, need) in &body.pruned.captures {
            let used = *need == crate::compile::Need::Value;
            let value = if used {
                Some(self.tensor(*tensor)?)
            } else {
                None
            };
            let value = value.map(|value| self.forward(id, value, 0));
            parameters.push(value.map(|value| (inputs.len(), self.block.kind(value).clone())));
            inputs.extend(value);
        }
        Ok(())
    }

    /// The value, copied if an axis from this one on is walked backwards: a body is given the memory
    /// from the first element on.
    fn forward(&mut self, id: NodeId, value: ValueId, axis: usize) -> ValueId {
        let mut strides = self.block.kind(value).strides.iter().skip(axis);
        if strides.any(|stride| *stride < 0) {
            self.block.copied(value, id)
        } else {
            value
        }
    }

    /// An operation that the plain executor runs.
    fn opaque(&mut self, id: NodeId) -> Result<()> {
        // What it uses has a place, as a value of the block.
        for tensor in self.draft.used_by(self.store, id) {
            self.tensor(tensor)?;
        }
        self.draft.emit_node(self.store, id, &mut self.emission)?;
        let Some(mut instruction) = self.emission.program.pop() else {
            return Ok(());
        };
        let mut outputs = Vec::new();
        for (index, output) in instruction.outputs.iter().enumerate() {
            let tensor = output_of(id, index);
            if let Output::Buffer(_) = output
                && let Some(kind) = self.draft.facts.get(&tensor).and_then(Type::of)
            {
                let value = self.block.root(kind);
                outputs.push(value);
                if let Some(place) = self.draft.places.get_mut(&tensor)
                    && matches!(place, Operand::Buffer { stage, .. } if *stage == self.draft.stage)
                {
                    *place = Operand::Value(value.index());
                }
            }
        }
        let mut inputs = Vec::new();
        instruction.each_operand(|operand| {
            if let Operand::Value(value) = operand {
                inputs.push(ValueId::from_index(*value));
                *value = inputs.len() - 1;
            }
        });
        let versions = instruction.action.versions();
        for (variable, version) in &versions {
            let fact = Fact::new(
                self.store.variable(*variable).dtype,
                self.store.variable(*variable).shape.as_slice(),
            );
            if let Some(kind) = Type::of(&fact) {
                let value = self.block.root(kind);
                outputs.push(value);
                self.emission.versions.insert(*version, value);
            }
        }
        let versions = versions.into_iter().map(|(_, version)| version).collect();
        self.block.nodes.push(crate::engine::ir::Node {
            code: Code::Opaque(Arc::new(Opaque {
                instruction,
                versions,
            })),
            inputs,
            outputs,
            origin: id,
        });
        Ok(())
    }

    /// An op by its plain kernel, and its operands.
    fn kernel(&mut self, id: NodeId) -> Result<(Kernel, Vec<ValueId>)> {
        let mut inputs = Vec::new();
        let mut slots = Vec::new();
        for operand in self.draft.value_inputs(self.store, id) {
            let operand = operand.map(|tensor| self.tensor(tensor)).transpose()?;
            slots.push(operand.map(|_| inputs.len()));
            inputs.extend(operand);
        }
        let kernel = Kernel {
            op: self.store.node(id).op.clone(),
            slots,
            inputs: self.draft.input_facts(self.store, id),
            outputs: self.draft.output_facts(self.store, id),
        };
        Ok((kernel, inputs))
    }

    fn operands(&mut self, id: NodeId) -> Result<Vec<ValueId>> {
        let operands = self.draft.value_inputs(self.store, id);
        (0..operands.len())
            .map(|slot| self.needed(&operands, slot))
            .collect()
    }

    /// An operand whose elements are needed, of an operation that has a few.
    fn operand(&mut self, id: NodeId, slot: usize) -> Result<ValueId> {
        let operands = self.draft.value_inputs(self.store, id);
        self.needed(&operands, slot)
    }

    /// One of these operands, whose elements are needed.
    fn needed(&mut self, operands: &[Option<TensorId>], slot: usize) -> Result<ValueId> {
        let operand = self.optional(operands, slot)?;
        operand.ok_or_else(|| Error::internal(format!("operand {slot} is not needed")))
    }

    /// One of these operands; `None` for one whose elements are not needed.
    fn optional(&mut self, operands: &[Option<TensorId>], slot: usize) -> Result<Option<ValueId>> {
        let operand = operands.get(slot).copied().flatten();
        operand.map(|tensor| self.tensor(tensor)).transpose()
    }

    /// The value of a tensor that was computed, or is given to the block.
    fn tensor(&mut self, tensor: TensorId) -> Result<ValueId> {
        let operand = self.draft.place(self.store, tensor)?;
        if let Operand::Value(value) = operand {
            return Ok(ValueId::from_index(value));
        }
        if let Operand::Version(version) = operand
            && let Some(value) = self.emission.versions.get(&version)
        {
            return Ok(*value);
        }
        let fact = self.draft.facts.get(&tensor);
        let fact = fact.unwrap_or_else(|| self.store.fact(tensor));
        let kind = Type::of(fact).ok_or_else(|| {
            Error::internal(format!("`{}` has no shape", self.store.tensor_name(tensor)))
        })?;
        let value = self.source(operand, kind);
        if let Operand::Version(version) = operand {
            self.emission.versions.insert(version, value);
        }
        self.draft
            .places
            .insert(tensor, Operand::Value(value.index()));
        Ok(value)
    }

    fn source(&mut self, operand: Operand, kind: Type) -> ValueId {
        if let Operand::Input(slot) = operand
            && let Some(Some((parameter, kind))) = self.parameters.get(slot)
        {
            let (parameter, kind) = (*parameter, kind.clone());
            return self.block.source(kind, Source::Parameter(parameter));
        }
        self.block.source(kind, Source::Plan(operand))
    }

    /// Takes note of the outputs of an operation.
    fn give(&mut self, id: NodeId, outputs: Vec<ValueId>) {
        for (index, value) in outputs.into_iter().enumerate() {
            self.give_output(output_of(id, index), value);
        }
    }

    fn give_output(&mut self, tensor: TensorId, value: ValueId) {
        // A value that was fed stands for the output in all its uses.
        let place = Operand::Value(value.index());
        self.draft.places.entry(tensor).or_insert(place);
    }
}

/// Whether a loop can be run as a block: its body does nothing that only the plain executor keeps
/// track of.
fn is_plain_loop(store: &Store, planned: &Planned) -> bool {
    let Specialised::Body(body) = &planned.specialised else {
        return false;
    };
    let (draft, stage) = &**body;
    let mut live = stage.live.iter();
    stage.deferred.is_empty()
        && draft.entry.is_empty()
        && !live.any(|id| draft.makes_late_values(store, *id))
}

impl Draft {
    /// Whether an operation makes a value of a shape that only its run can tell.
    fn makes_late_values(&self, store: &Store, id: NodeId) -> bool {
        let node = store.node(id);
        let is_late = |output: usize| self.sizes_of(output_of(id, output)).is_none();
        match &node.op {
            // Of an output that is not used nothing may be known.
            Op::Control(control) => {
                let body = control.giving_bodies().first().copied();
                let given = body.map(|body| self.given(id, control, body));
                let mut given = given.into_iter().flatten();
                given.any(|given| is_late(given.output))
            }
            Op::Math(_)
            | Op::Array(_)
            | Op::Reduce(_)
            | Op::Nn(_)
            | Op::Random(_)
            | Op::State(_)
            | Op::Debug(_)
            | Op::Custom(_) => (0..node.outputs.len()).any(is_late),
        }
    }
}

fn contiguous(kind: &Type) -> Type {
    Type::contiguous(kind.dtype, &kind.sizes)
}

/// The elements of a small tensor of integers, if the shape rules tell all.
fn known_value(fact: &Fact) -> Option<Value> {
    let ints = fact.known_ints()?;
    let shape = fact.shape.sizes()?;
    let data = match fact.dtype {
        DType::I32 => {
            let narrow: std::result::Result<Vec<i32>, _> =
                ints.into_iter().map(i32::try_from).collect();
            Data::I32(narrow.ok()?)
        }
        DType::I64 => Data::I64(ints),
        DType::F32 | DType::F64 | DType::U8 | DType::Bool => return None,
    };
    Value::new(shape, data)
}
