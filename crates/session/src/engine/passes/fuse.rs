//! Chains and trees of element-wise operations are done in one go.
//!
//! Nodes over one domain become one node, if they hand values to each other or read the same ones, and
//! if nothing between the first and the last of them needs what they give. The node stands where the
//! last of them stood. A value that only they use takes no memory.

use std::collections::{BTreeSet, HashMap, HashSet};

use aqueduct_graph::Value;

use crate::engine::ir::{Block, Code, Node, ValueId};
use crate::engine::passes::push_slices;
use crate::kernels::fused::{Expression, Primitive, Scalar, Step};

/// More operands than this are more streams than a processor follows.
const MOST_OPERANDS: usize = 24;

/// Results of a longer program that are used late in it wait in more registers than a cache holds.
const MOST_MEMBERS: usize = 1024;

/// Fuses what can be fused, in bodies too. Gives the number of nodes that are gone.
pub(crate) fn run(block: &mut Block) -> usize {
    let mut gone = 0;
    for node in &mut block.nodes {
        if let Code::Scan(scan) = &mut node.code {
            gone += run(&mut scan.body);
        }
    }
    push_slices::run(block);
    write_late(block);
    let groups = groups(block);
    let before = block.nodes.len();
    merge(block, groups);
    gone + before.saturating_sub(block.nodes.len())
}

/// Moves writes of variables behind the element-wise nodes, which they would keep apart: to the end, or
/// before the next operation of the plain executor, which may read the versions.
fn write_late(block: &mut Block) {
    let mut waiting: Vec<Node> = Vec::new();
    let mut nodes = Vec::with_capacity(block.nodes.len());
    for node in std::mem::take(&mut block.nodes) {
        match &node.code {
            Code::Write { .. } => waiting.push(node),
            Code::Opaque(_) => {
                nodes.append(&mut waiting);
                nodes.push(node);
            }
            Code::Constant(_)
            | Code::Fused(_)
            | Code::Product
            | Code::Products
            | Code::Join(_)
            | Code::Kernel(_)
            | Code::Reduced(_)
            | Code::Draw(..)
            | Code::Scan(_) => nodes.push(node),
        }
    }
    nodes.append(&mut waiting);
    block.nodes = nodes;
}

/// Nodes that will be one.
#[derive(Debug, Default)]
struct Group {
    /// Ascending, when all are found.
    members: Vec<usize>,
    domain: Vec<usize>,
    /// Values that come from outside.
    operands: BTreeSet<ValueId>,
    /// Whether a node outside has used what the group gives: whatever came later would come too late.
    closed: bool,
}

/// Finds the groups, each of at least two nodes.
fn groups(block: &Block) -> Vec<Group> {
    let mut grouping = Grouping::default();
    for (index, node) in block.nodes.iter().enumerate() {
        let chosen = grouping.choose(block, node);
        grouping.close(block, node, chosen);
        if let Code::Fused(_) = &node.code {
            grouping.add(block, index, chosen);
        }
    }
    let mut groups = grouping.groups;
    groups.retain(|group| group.members.len() > 1);
    // What was merged came out of order.
    groups
        .iter_mut()
        .for_each(|group| group.members.sort_unstable());
    groups
}

/// The groups as far as they are found.
#[derive(Default)]
struct Grouping {
    groups: Vec<Group>,
    /// Of a group that was merged into another one: which.
    merged_into: Vec<Option<usize>>,
    /// Which group made a root; ask [`Grouping::maker`].
    maker: HashMap<ValueId, usize>,
    /// The open group that reads a value last.
    reader: HashMap<ValueId, usize>,
}

impl Grouping {
    /// Which group makes a root.
    fn maker(&self, root: ValueId) -> Option<usize> {
        let mut group = *self.maker.get(&root)?;
        while let Some(Some(other)) = self.merged_into.get(group) {
            group = *other;
        }
        Some(group)
    }

    /// The group that a node can be added to. Groups that it brings together are merged.
    fn choose(&mut self, block: &Block, node: &Node) -> Option<usize> {
        let (Code::Fused(_), Some(output)) = (&node.code, node.outputs.first()) else {
            return None;
        };
        let domain = block.sizes(*output);
        if domain.contains(&0) {
            return None;
        }
        let sources = node.inputs.iter();
        let sources = sources.filter_map(|value| {
            self.maker(*value)
                .or_else(|| self.reader.get(value).copied())
        });
        let barred = self.barred(block, node);
        let mut chosen: Option<usize> = None;
        for source in sources.collect::<BTreeSet<usize>>() {
            if !self.fits(source, domain) || barred.contains(&source) {
                continue;
            }
            let group = &self.groups[source];
            let size = group.operands.len() + group.members.len().min(node.inputs.len());
            match chosen {
                None if size + node.inputs.len() <= MOST_OPERANDS => chosen = Some(source),
                Some(first) if self.can_be_one(block, first, source) => self.merge(first, source),
                None | Some(_) => {}
            }
        }
        chosen
    }

    /// Whether a group can take in a node of this domain.
    fn fits(&self, group: usize, domain: &[usize]) -> bool {
        let group = &self.groups[group];
        !group.closed && group.domain == domain && (1..MOST_MEMBERS).contains(&group.members.len())
    }

    /// The groups of which a node sees results in another way: they must end before it.
    fn barred(&self, block: &Block, node: &Node) -> HashSet<usize> {
        let domain = block.sizes(node.outputs[0]);
        let inputs = node.inputs.iter();
        let others = inputs.filter_map(|value| {
            let root = block.place(*value).root;
            let is_other = root != *value || block.sizes(*value) != domain;
            self.maker(root).filter(|_| is_other)
        });
        others.collect()
    }

    /// Whether two groups can run as one: neither uses what the other gives, as they would be one
    /// already.
    fn can_be_one(&self, block: &Block, a: usize, b: usize) -> bool {
        let uses = |user: &Group, maker: usize| {
            let mut operands = user.operands.iter();
            operands.any(|value| self.maker(block.place(*value).root) == Some(maker))
        };
        let (first, second) = (&self.groups[a], &self.groups[b]);
        first.operands.len() + second.operands.len() <= MOST_OPERANDS
            && first.members.len() + second.members.len() < MOST_MEMBERS
            && !uses(first, b)
            && !uses(second, a)
    }

    fn merge(&mut self, into: usize, other: usize) {
        let Group {
            members, operands, ..
        } = std::mem::take(&mut self.groups[other]);
        let group = &mut self.groups[into];
        group.members.extend(members);
        group.operands.extend(operands);
        self.merged_into[other] = Some(into);
    }

    /// Closes the groups of which a node uses something, but that which it is added to.
    fn close(&mut self, block: &Block, node: &Node, chosen: Option<usize>) {
        for value in &node.inputs {
            if let Some(group) = self.maker(block.place(*value).root)
                && Some(group) != chosen
            {
                self.groups[group].closed = true;
            }
        }
    }

    /// Adds a node to a group, or makes one of it.
    fn add(&mut self, block: &Block, index: usize, chosen: Option<usize>) {
        let node = &block.nodes[index];
        let group = chosen.unwrap_or_else(|| {
            self.groups.push(Group {
                domain: block.sizes(node.outputs[0]).to_vec(),
                ..Group::default()
            });
            self.merged_into.push(None);
            self.groups.len() - 1
        });
        self.groups[group].members.push(index);
        for value in &node.inputs {
            if self.maker(*value) != Some(group) {
                self.groups[group].operands.insert(*value);
                if block.kind(*value).elements() > 1 {
                    self.reader.insert(*value, group);
                }
            }
        }
        for output in &node.outputs {
            self.maker.insert(*output, group);
        }
    }
}

/// Puts each group in the place of its last member.
fn merge(block: &mut Block, groups: Vec<Group>) {
    let mut last: HashMap<usize, &Group> = HashMap::new();
    let mut dropped: BTreeSet<usize> = BTreeSet::new();
    for group in &groups {
        let (end, others) = group
            .members
            .split_last()
            .map_or((0, &[][..]), |(end, others)| (*end, others));
        last.insert(end, group);
        dropped.extend(others);
    }
    let scalars = scalars(block);
    let outside = used_outside(block, &groups);
    let nodes = std::mem::take(&mut block.nodes);
    let mut merged = Vec::with_capacity(nodes.len());
    for (index, node) in nodes.iter().enumerate() {
        if let Some(group) = last.get(&index) {
            merged.push(one(&nodes, group, &scalars, &outside));
        } else if !dropped.contains(&index) {
            merged.push(node.clone());
        }
    }
    block.nodes = merged;
}

/// The constants of one element.
fn scalars(block: &Block) -> HashMap<ValueId, Scalar> {
    let constants = block.nodes.iter().filter_map(|node| match &node.code {
        Code::Constant(value) => Some((node.outputs[0], scalar(value)?)),
        Code::Fused(_)
        | Code::Product
        | Code::Products
        | Code::Join(_)
        | Code::Kernel(_)
        | Code::Reduced(_)
        | Code::Draw(..)
        | Code::Write { .. }
        | Code::Scan(_)
        | Code::Opaque(_) => None,
    });
    let roots: HashMap<ValueId, Scalar> = constants.collect();
    let values = (0..block.value_count()).map(ValueId::from_index);
    let seen = values.filter_map(|value| {
        let scalar = roots.get(&block.place(value).root)?;
        Some((value, *scalar))
    });
    seen.collect()
}

fn scalar(value: &Value) -> Option<Scalar> {
    use aqueduct_graph::ir::Data;
    Some(match value.data() {
        Data::F32(values) => Scalar::F32(*one_of(values)?),
        Data::F64(values) => Scalar::F64(*one_of(values)?),
        Data::I32(values) => Scalar::I32(*one_of(values)?),
        Data::I64(values) => Scalar::I64(*one_of(values)?),
        Data::U8(values) => Scalar::U8(*one_of(values)?),
        Data::Bool(values) => Scalar::Bool(*one_of(values)?),
    })
}

fn one_of<T>(values: &[T]) -> Option<&T> {
    match values {
        [value] => Some(value),
        _ => None,
    }
}

/// The outputs of members that somebody outside of their group uses, or sees in another way.
fn used_outside(block: &Block, groups: &[Group]) -> BTreeSet<ValueId> {
    let mut group_of: HashMap<usize, usize> = HashMap::new();
    let mut maker: HashMap<ValueId, usize> = HashMap::new();
    for (number, group) in groups.iter().enumerate() {
        for member in &group.members {
            group_of.insert(*member, number);
            for output in &block.nodes[*member].outputs {
                maker.insert(*output, number);
            }
        }
    }
    let mut outside: BTreeSet<ValueId> = BTreeSet::new();
    for (index, node) in block.nodes.iter().enumerate() {
        for value in &node.inputs {
            let root = block.place(*value).root;
            let inside = root == *value && maker.get(&root) == group_of.get(&index);
            if !inside {
                outside.insert(root);
            }
        }
    }
    outside.extend(block.results.iter().map(|value| block.place(*value).root));
    outside
}

/// The node that does what the members of a group do.
fn one(
    nodes: &[Node],
    group: &Group,
    scalars: &HashMap<ValueId, Scalar>,
    outside: &BTreeSet<ValueId>,
) -> Node {
    let mut inputs: Vec<ValueId> = Vec::new();
    let mut dtypes = Vec::new();
    let mut made: Vec<ValueId> = Vec::new();
    let mut known: HashSet<ValueId> = HashSet::new();
    let members = || group.members.iter().map(|member| &nodes[*member]);
    for node in members() {
        if let Code::Fused(expression) = &node.code {
            for (value, dtype) in node.inputs.iter().zip(&expression.inputs) {
                if !scalars.contains_key(value) && known.insert(*value) {
                    inputs.push(*value);
                    dtypes.push(*dtype);
                }
            }
        }
        known.extend(&node.outputs);
        made.extend(&node.outputs);
    }
    let mut merged = Merged {
        first_step: inputs.len(),
        steps: Vec::new(),
        registers: inputs.iter().copied().zip(0..).collect(),
    };
    for node in members() {
        if let Code::Fused(expression) = &node.code {
            merged.add(node, expression, scalars);
        }
    }
    let outputs: Vec<ValueId> = made
        .into_iter()
        .filter(|value| outside.contains(value))
        .collect();
    let expression = Expression {
        inputs: dtypes,
        outputs: outputs
            .iter()
            .map(|value| merged.registers[value])
            .collect(),
        steps: merged.steps,
    };
    let last = group.members.last().map_or(0, |last| *last);
    Node {
        code: Code::Fused(expression),
        inputs,
        outputs,
        origin: nodes[last].origin,
    }
}

/// The steps of several expressions, one after the other.
struct Merged {
    first_step: usize,
    steps: Vec<Step>,
    /// The register of each value.
    registers: HashMap<ValueId, usize>,
}

impl Merged {
    fn add(&mut self, node: &Node, expression: &Expression, scalars: &HashMap<ValueId, Scalar>) {
        let mut registers: Vec<usize> = Vec::new();
        for (value, dtype) in node.inputs.iter().zip(&expression.inputs) {
            let register = match (self.registers.get(value), scalars.get(value)) {
                (Some(register), _) => *register,
                (None, Some(scalar)) => {
                    let register = self.push(Step {
                        primitive: Primitive::Constant(*scalar),
                        operands: Default::default(),
                        dtype: *dtype,
                    });
                    self.registers.insert(*value, register);
                    register
                }
                // Every other operand is an input.
                (None, None) => 0,
            };
            registers.push(register);
        }
        for step in &expression.steps {
            let step = Step {
                operands: step
                    .operands
                    .iter()
                    .map(|operand| registers[*operand])
                    .collect(),
                ..step.clone()
            };
            registers.push(self.push(step));
        }
        for (value, register) in node.outputs.iter().zip(&expression.outputs) {
            self.registers.insert(*value, registers[*register]);
        }
    }

    fn push(&mut self, step: Step) -> usize {
        self.steps.push(step);
        self.first_step + self.steps.len() - 1
    }
}
