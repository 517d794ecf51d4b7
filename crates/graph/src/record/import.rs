//! From a record to a graph: every operation is inserted once more, in order.

#![deny(clippy::wildcard_enum_match_arm)]

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::symbols::{sources, symbol_at};
use super::{
    GraphRecord, ImportError, NodeRecord, OpRecord, RegionRecord, SizeSource, names, tables,
    variables,
};
use crate::custom::{Custom, registered_custom_op};
use crate::element::DType;
use crate::fact::Fact;
use crate::ids::{NodeId, RegionId, TensorId};
use crate::names::OpenedScopes;
use crate::op::{Array, Control, Op};
use crate::shape::{Dim, Shape, Symbol};
use crate::shown;
use crate::store::{Member, NewName, NewNode, Region, Store};
use crate::value::Value;

pub(super) fn store(record: GraphRecord) -> Result<Store, ImportError> {
    let mut importer = Importer::new(&record)?;
    for (place, node) in record.nodes.into_iter().enumerate() {
        importer.node(NodeId::from_index(place), node)?;
    }
    importer.check_outputs()?;
    importer.check_all_used(record.sizes.len())?;
    importer.check_regions()?;
    importer.check_sizes()?;
    variables::check_nodes(&importer.store)?;
    importer.members(&record.collections)?;
    importer.initializer(record.initializer)?;
    let mut store = importer.store;
    store.collections = tables::collections(record.collections)?;
    Ok(store)
}

struct Importer {
    store: Store,
    constants: Vec<Arc<Value>>,
    constants_used: usize,
    sizes: Vec<Option<SizeSource>>,
    /// The symbol of each unknown size that was named so far.
    symbols: Vec<Symbol>,
    /// The same.
    named: HashSet<Symbol>,
    /// The body and the place among its parameters of each operation that is one.
    parameters: HashMap<NodeId, (RegionId, usize)>,
    /// All results of each region; the regions of the graph have those that are there.
    results: Vec<Vec<TensorId>>,
    /// The loop or branch that owns each region, once it is there.
    owners: Vec<Option<NodeId>>,
    /// The element types that the outputs must have.
    outputs: Vec<Vec<DType>>,
}

impl Importer {
    /// Everything but the operations, as far as it can be checked without them.
    fn new(record: &GraphRecord) -> Result<Importer, ImportError> {
        let mut store = Store::new();
        for location in &record.locations {
            let next = store.locations().len();
            if store.intern(location.clone()).index() != next {
                let reason = format!("has {location} twice");
                return Err(ImportError::invalid("the table of locations", reason));
            }
        }
        variables::check_records(&record.variables, record.locations.len())?;
        tables::scopes(&record.variable_scopes)?;
        tables::shared(&record.shared_variables, record.variables.len())?;
        let variable_names = record
            .variables
            .iter()
            .map(|variable| variable.name.clone());
        store.names = names::restore(&record.names, &record.nodes, variable_names)?;
        store.variable_scopes = OpenedScopes::of_paths(&record.variable_scopes);
        store.shared_variables = record.shared_variables.iter().cloned().collect();
        store.variables.clone_from(&record.variables);
        (store.seed, store.counted_seeds) = (record.seed, record.counted_seeds);
        let mut importer = Importer {
            store,
            constants: record.constants.clone(),
            constants_used: 0,
            sizes: record.sizes.clone(),
            symbols: Vec::new(),
            named: HashSet::new(),
            parameters: HashMap::new(),
            results: vec![Vec::new()],
            owners: vec![None],
            outputs: Vec::new(),
        };
        for region in &record.regions {
            importer.region(region)?;
        }
        Ok(importer)
    }

    fn region(&mut self, record: &RegionRecord) -> Result<(), ImportError> {
        let id = RegionId::from_index(self.store.regions.len());
        let invalid = |reason: &str| ImportError::invalid(format!("body {}", id.index()), reason);
        if record.parent >= id {
            return Err(invalid("comes before the body around it"));
        }
        let depth = self.store.region(record.parent).depth.saturating_add(1);
        if depth > Region::DEEPEST {
            return Err(invalid("is nested too deep"));
        }
        if !crate::names::is_valid(&record.kind) {
            return Err(invalid("has a kind that is no name"));
        }
        if !record.site.is_below(self.store.locations().len()) {
            return Err(invalid("was opened at a place that is not there"));
        }
        for (index, parameter) in record.parameters.iter().enumerate() {
            if self.parameters.insert(*parameter, (id, index)).is_some() {
                return Err(invalid("has a parameter that is one already"));
            }
        }
        self.results.push(record.results.clone());
        self.owners.push(None);
        // What is known of a parameter is set when it is inserted.
        let unset = Fact::new(DType::F32, Shape::scalar());
        self.store.regions.push(Region {
            parent: Some(record.parent),
            kind: record.kind.clone(),
            parameters: record.parameters.clone(),
            parameter_facts: vec![unset; record.parameters.len()],
            results: Vec::new(),
            writers: Vec::new(),
            depth,
            site: record.site,
        });
        Ok(())
    }

    fn node(&mut self, id: NodeId, record: NodeRecord) -> Result<(), ImportError> {
        let name = record.name.clone();
        let invalid = |reason: String| ImportError::operation(&name, reason);
        self.check_ids(id, &record).map_err(invalid)?;
        self.check_operands(&record)?;
        let op = self.op(id, &record)?;
        self.check_op(id, &op, &record).map_err(invalid)?;
        if let Op::Control(control) = &op {
            self.take_bodies(id, control, record.region)
                .map_err(|reason| ImportError::operation(&name, reason))?;
            self.take_first_results(control)?;
        }
        let inserted = self.store.insert(NewNode {
            op,
            inputs: &record.inputs,
            controls: &record.controls,
            name: NewName::Recorded(record.name, record.asked_name),
            scope: "",
            region: record.region,
            site: record.site,
            origin: record.origin,
            poison: None,
            problem: None,
        });
        self.outputs.push(record.outputs);
        if let Some(mistake) = self.store.node(inserted).poison {
            return Err(ImportError::Mistake {
                operation: name,
                mistake: Box::new(self.store.mistake(mistake).clone()),
            });
        }
        self.check_writer(inserted)
    }

    /// Checks what an operation refers to by number, but for its operands.
    fn check_ids(&self, id: NodeId, record: &NodeRecord) -> Result<(), String> {
        if self.store.node_by_name(&record.name).is_some() {
            return Err("has the name of another one".to_owned());
        }
        if record.region.index() >= self.store.regions.len() {
            return Err("belongs to a body that does not exist".to_owned());
        }
        if !record.site.is_below(self.store.locations().len()) {
            return Err("was built at a place that is not there".to_owned());
        }
        if record.origin.is_some_and(|origin| origin >= id) {
            return Err("is built on behalf of a later one".to_owned());
        }
        let controls = &record.controls;
        if !controls.is_sorted_by(|a, b| a < b) || controls.last().is_some_and(|last| *last >= id) {
            return Err("waits for operations out of order".to_owned());
        }
        Ok(())
    }

    fn check_operands(&mut self, record: &NodeRecord) -> Result<(), ImportError> {
        let invalid = |reason: &str| ImportError::operation(&record.name, reason);
        for tensor in &record.inputs {
            if !self.is_there(*tensor)? {
                return Err(invalid("uses a tensor that is not there before it"));
            }
        }
        let controls = record.controls.iter().copied();
        for used in record
            .inputs
            .iter()
            .map(|tensor| tensor.node)
            .chain(controls)
        {
            self.check_reachable(used, record.region)
                .map_err(&invalid)?;
        }
        Ok(())
    }

    /// What is used in a body must be of that body or of one around it; and if of one around, from
    /// before the loop or branch there, which may be older than the operation that uses it.
    fn check_reachable(&self, used: NodeId, region: RegionId) -> Result<(), &'static str> {
        let home = self.store.node(used).region;
        let mut inner = region;
        while inner != home {
            if self.owner(inner).is_some_and(|owner| owner <= used) {
                return Err("is in a body older than what it uses");
            }
            let Some(parent) = self.store.region(inner).parent else {
                return Err("uses what belongs to another body");
            };
            inner = parent;
        }
        Ok(())
    }

    /// The op, with the constant, the parameter or the user's op that the record names.
    fn op(&mut self, id: NodeId, record: &NodeRecord) -> Result<Op, ImportError> {
        let invalid = |reason: &str| ImportError::operation(&record.name, reason);
        let parameter = self.parameters.get(&id).copied();
        if parameter.is_some() != matches!(record.op, OpRecord::Parameter { .. }) {
            return Err(invalid("is a parameter of no body, or is listed as one"));
        }
        Ok(match &record.op {
            OpRecord::Constant(place) => {
                let Some(value) = self.constants.get(*place) else {
                    return Err(invalid("has a value that is not there"));
                };
                if *place > self.constants_used {
                    return Err(invalid("has a value out of order"));
                }
                self.constants_used = self.constants_used.max(place.saturating_add(1));
                Array::Constant(Arc::clone(value)).into()
            }
            OpRecord::Custom(name) => match registered_custom_op(name) {
                Some(op) => Custom::new(op).into(),
                None => {
                    return Err(ImportError::UnknownCustomOp {
                        operation: record.name.clone(),
                        op: name.clone(),
                    });
                }
            },
            OpRecord::Parameter { dtype, shape } => {
                let (region, index) = parameter
                    .filter(|(region, _)| *region == record.region)
                    .ok_or_else(|| invalid("is a parameter of another body"))?;
                let fact = Fact::new(*dtype, self.shape(shape, &record.name)?);
                let facts = &mut self.store.regions[region.index()].parameter_facts;
                if let Some(place) = facts.get_mut(index) {
                    *place = fact;
                }
                Control::Parameter { region, index }.into()
            }
            OpRecord::Plain(op) => self.plain(op, record)?,
        })
    }

    fn plain(&mut self, op: &Op, record: &NodeRecord) -> Result<Op, ImportError> {
        let invalid = |reason: &str| ImportError::operation(&record.name, reason);
        match op {
            Op::Array(Array::Placeholder { dtype, shape }) => {
                let (dtype, shape) = (*dtype, self.shape(shape, &record.name)?);
                Ok(Array::Placeholder { dtype, shape }.into())
            }
            Op::Array(Array::PlaceholderWithDefault { shape }) => {
                if *shape != shape.without_identities() {
                    return Err(invalid("names an unknown size that is its own"));
                }
                let mut shape = shape.clone();
                self.store.identify(&mut shape);
                Ok(Array::PlaceholderWithDefault { shape }.into())
            }
            Op::Array(Array::EnsureShape { shape }) if *shape != shape.without_identities() => {
                Err(invalid("names an unknown size"))
            }
            Op::Array(Array::Constant(_))
            | Op::Custom(_)
            | Op::Control(Control::Parameter { .. }) => Err(invalid(
                "has its constant, its parameter or its own op in the wrong form",
            )),
            Op::Math(_)
            | Op::Array(_)
            | Op::Reduce(_)
            | Op::Nn(_)
            | Op::Random(_)
            | Op::State(_)
            | Op::Control(_)
            | Op::Debug(_) => Ok(op.clone()),
        }
    }

    /// A shape with the symbols that its numbers stand for.
    fn shape(&mut self, shape: &Shape, name: &str) -> Result<Shape, ImportError> {
        let mut dims = Vec::with_capacity(shape.rank());
        for dim in shape.dims() {
            dims.push(match dim {
                Dim::Known(_) => *dim,
                Dim::Unknown(number) if number.is_anonymous() => *dim,
                Dim::Unknown(number) => Dim::Unknown(self.symbol(*number, name)?),
            });
        }
        Ok(Shape::new(dims))
    }

    fn symbol(&mut self, number: Symbol, name: &str) -> Result<Symbol, ImportError> {
        let invalid = |reason: &str| ImportError::operation(name, reason);
        let place = number.place();
        if let Some(symbol) = self.symbols.get(place) {
            return Ok(*symbol);
        }
        let source = self.sizes.get(place).copied();
        let Some(source) = source.filter(|_| place == self.symbols.len()) else {
            return Err(invalid("names an unknown size out of order"));
        };
        let symbol = match source {
            None => self.store.fresh_symbol(),
            Some(source) => {
                let there = self.is_there(source.tensor())?;
                let found = there.then(|| symbol_at(&self.store, source)).flatten();
                found.ok_or_else(|| invalid("names an unknown size that is not there"))?
            }
        };
        if !self.named.insert(symbol) {
            return Err(invalid("names an unknown size by two numbers"));
        }
        self.symbols.push(symbol);
        Ok(symbol)
    }

    /// Checks what shape rules take for granted.
    fn check_op(&self, id: NodeId, op: &Op, record: &NodeRecord) -> Result<(), String> {
        let pieces = match op {
            Op::State(op) => return variables::check_use(&self.store, id, *op),
            Op::Array(Array::Unstack { count, .. } | Array::Split { count, .. }) => Some(*count),
            Op::Custom(op) => Some(op.output_count()),
            Op::Math(_)
            | Op::Array(_)
            | Op::Reduce(_)
            | Op::Nn(_)
            | Op::Random(_)
            | Op::Control(_)
            | Op::Debug(_) => None,
        };
        // So that memory is taken only for outputs that the record lists.
        match pieces {
            Some(count) if count != record.outputs.len() => Err(format!(
                "has {count} outputs but lists {}",
                record.outputs.len()
            )),
            Some(_) | None => Ok(()),
        }
    }

    /// Lets a loop or branch own its bodies, which must be whole.
    fn take_bodies(
        &mut self,
        id: NodeId,
        control: &Control,
        region: RegionId,
    ) -> Result<(), String> {
        for body in control.bodies() {
            let Some(owner) = self.owners.get_mut(body.index()) else {
                return Err("owns a body that does not exist".to_owned());
            };
            if owner.is_some() || self.store.region(body).parent != Some(region) {
                return Err("owns a body of another operation, or of another body".to_owned());
            }
            *owner = Some(id);
            let parameters = &self.store.region(body).parameters;
            if parameters.iter().any(|parameter| *parameter >= id) {
                return Err("owns a body without all its parameters".to_owned());
            }
        }
        Ok(())
    }

    /// Gives the bodies the results that are there when their loop or branch is built.
    fn take_first_results(&mut self, control: &Control) -> Result<(), ImportError> {
        let bodies = control.bodies();
        let giving = control.giving_bodies();
        let mut counts = Vec::with_capacity(bodies.len());
        for body in &bodies {
            counts.push(self.results_there(*body)?);
        }
        let of_giving = bodies.iter().zip(&counts);
        let of_giving = of_giving.filter(|(body, _)| giving.contains(body));
        let common = of_giving.map(|(_, count)| *count).min().unwrap_or(0);
        for (body, count) in bodies.into_iter().zip(counts) {
            let count = if giving.contains(&body) {
                common
            } else {
                count
            };
            let results = self.results.get(body.index()).map(Vec::as_slice);
            let first = results.and_then(|results| results.get(..count));
            self.store.regions[body.index()].results = first.unwrap_or_default().to_vec();
        }
        Ok(())
    }

    /// How many of the first results of a body are there, and are its own.
    fn results_there(&mut self, body: RegionId) -> Result<usize, ImportError> {
        let mut count = 0;
        while let Some(result) = self.result(body, count)
            && self.is_there_in(result, body)?
        {
            count += 1;
        }
        Ok(count)
    }

    fn owner(&self, region: RegionId) -> Option<NodeId> {
        self.owners.get(region.index()).copied().flatten()
    }

    fn result(&self, body: RegionId, place: usize) -> Option<TensorId> {
        self.results.get(body.index())?.get(place).copied()
    }

    /// Whether a tensor is there. What a loop or branch gained later, it gains here.
    fn is_there(&mut self, tensor: TensorId) -> Result<bool, ImportError> {
        if tensor.node.index() >= self.store.node_count() {
            return Ok(false);
        }
        while !variables::has_tensor(&self.store, tensor) {
            if !self.gain_output(tensor.node)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether a result is there, of an operation of the body itself. That is looked at first: what a
    /// loop gains is looked for in its body and no deeper than bodies lie in each other.
    fn is_there_in(&mut self, result: TensorId, body: RegionId) -> Result<bool, ImportError> {
        let id = result.node;
        let own = id.index() < self.store.node_count() && self.store.node(id).region == body;
        Ok(own && self.is_there(result)?)
    }

    /// Gives a loop or branch its next output, if what it gives is there.
    fn gain_output(&mut self, owner: NodeId) -> Result<bool, ImportError> {
        let Op::Control(control) = &self.store.node(owner).op else {
            return Ok(false);
        };
        let bodies = control.giving_bodies();
        if bodies.is_empty() {
            return Ok(false);
        }
        let mut results = Vec::with_capacity(bodies.len());
        for body in bodies {
            let next = self.store.region(body).results.len();
            let Some(result) = self.result(body, next) else {
                return Ok(false);
            };
            if !self.is_there_in(result, body)? {
                return Ok(false);
            }
            results.push(result);
        }
        let before = self.store.node(owner).outputs.len();
        let extended = self.store.extend(owner, &results);
        let grown = self.store.node(owner).outputs.len() > before;
        match extended {
            Ok(_) if grown => Ok(true),
            Ok(_) => Err(self.of_node(owner, "gives a result of its body twice".to_owned())),
            Err(problem) => Err(self.of_node(owner, problem.message)),
        }
    }

    fn of_node(&self, id: NodeId, reason: String) -> ImportError {
        ImportError::operation(&self.store.node(id).name, reason)
    }

    /// What writes variables in a body must be older than the loop or branch, which knows of it then.
    fn check_writer(&self, id: NodeId) -> Result<(), ImportError> {
        let mut region = self.store.node(id).region;
        if self.store.region(region).writers.last() != Some(&id) {
            return Ok(());
        }
        while let Some(parent) = self.store.region(region).parent {
            if self.owner(region).is_some() {
                let reason = "writes a variable in a body that is finished";
                return Err(self.of_node(id, reason.to_owned()));
            }
            region = parent;
        }
        Ok(())
    }

    /// Lets loops and branches gain what nothing has used, and checks that every operation has the
    /// outputs that it lists.
    fn check_outputs(&mut self) -> Result<(), ImportError> {
        for id in self.store.node_ids() {
            while self.gain_output(id)? {}
            let listed = self.outputs.get(id.index()).map_or(&[][..], Vec::as_slice);
            let outputs = self.store.node(id).outputs.iter().map(|fact| fact.dtype);
            if !outputs.eq(listed.iter().copied()) {
                return Err(self.of_node(id, "has other outputs than it lists".to_owned()));
            }
        }
        Ok(())
    }

    /// Checks that each body has its parameters and all its results. One that no loop or branch owns
    /// was given up while it was built.
    fn check_regions(&mut self) -> Result<(), ImportError> {
        let count = self.store.node_count();
        if let Some(missing) = self.parameters.keys().find(|id| id.index() >= count) {
            let reason = format!("has operation {} for a parameter", missing.index());
            return Err(ImportError::invalid("a body", reason));
        }
        for place in 0..self.results.len() {
            let id = RegionId::from_index(place);
            let there = self.results_there(id)?;
            let results = self.results.get(place).map_or(&[][..], Vec::as_slice);
            let region = &mut self.store.regions[place];
            if self.owners.get(place) == Some(&None) {
                region.results = results.to_vec();
            }
            if there != results.len() || region.results != results {
                let part = format!("body {place}");
                return Err(ImportError::invalid(part, "gives what it has not"));
            }
        }
        Ok(())
    }

    /// Checks that each unknown size is said to be where it is found first.
    fn check_sizes(&self) -> Result<(), ImportError> {
        if self.sizes.is_empty() || sources(&self.store) == self.sizes {
            return Ok(());
        }
        let reason = "does not say where each size is found first";
        Err(ImportError::invalid("the table of sizes", reason))
    }

    fn check_all_used(&self, sizes: usize) -> Result<(), ImportError> {
        if self.constants_used != self.constants.len() || self.symbols.len() != sizes {
            let reason = "have entries that nothing uses";
            return Err(ImportError::invalid(
                "the tables of constants and sizes",
                reason,
            ));
        }
        Ok(())
    }

    fn members(&self, collections: &[(String, Vec<Member>)]) -> Result<(), ImportError> {
        for (name, members) in collections {
            let exists = |member: &Member| match *member {
                Member::Tensor(tensor) => variables::has_tensor(&self.store, tensor),
                Member::Variable(id) => id.index() < self.store.variables.len(),
                Member::Operation(id) => id.index() < self.store.node_count(),
            };
            if !members.iter().all(exists) {
                let part = format!("collection `{}`", shown::name(name));
                return Err(ImportError::invalid(
                    part,
                    "has a member that does not exist",
                ));
            }
        }
        Ok(())
    }

    fn initializer(&mut self, initializer: Option<(NodeId, usize)>) -> Result<(), ImportError> {
        self.store.initializer = initializer;
        let Some((id, covered)) = initializer else {
            return Ok(());
        };
        let controls = (id.index() < self.store.node_count()).then(|| self.store.controls(id));
        let variables = self.store.variables.get(..covered);
        let waits_for_all = controls
            .zip(variables)
            .is_some_and(|(controls, variables)| {
                let mut initializers = variables.iter().map(|variable| variable.initializer);
                initializers.all(|initializer| controls.binary_search(&initializer).is_ok())
            });
        if waits_for_all {
            return Ok(());
        }
        let reason = "does not initialize the variables that it covers";
        Err(ImportError::invalid(
            "the initializer of all variables",
            reason,
        ))
    }
}
