//! The reports of saving and restoring, as a user sees them.

use std::fs;
use std::path::Path;

use aqueduct::prelude::*;
use aqueduct::{checkpoint_state, list_variables, load_variable};
use aqueduct_tests::relative;
use expect_test::{Expect, expect};
use tempfile::{TempDir, tempdir};

use crate::session;

/// The reports of some calls, in order, with places told from a line and paths from a folder.
struct Reports {
    anchor: u32,
    dir: TempDir,
    texts: Vec<String>,
}

impl Reports {
    fn from(anchor: u32) -> Reports {
        Reports {
            anchor,
            dir: tempdir().unwrap(),
            texts: Vec::new(),
        }
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.dir.path().join(name)
    }

    fn add<T>(&mut self, result: aqueduct::Result<T>) {
        let report = match result {
            Ok(_) => "no error".to_owned(),
            Err(error) => error.to_string(),
        };
        let dir = self.dir.path().to_str().unwrap();
        let report = relative(&report, file!(), self.anchor);
        self.texts.push(report.replace(dir, "dir"));
    }

    fn check(&self, expected: Expect) {
        expected.assert_eq(&self.texts.join("\n\n"));
    }
}

#[test]
fn all_variables_without_a_value() {
    let mut reports = Reports::from(line!());
    let g = Graph::new();
    let w = g.variable("w", 1.0_f32);
    let step = g.variable("step", 1_i64);
    let train = AdamOptimizer::new(0.1).minimize(w.square());
    let sess = Session::new(&g);
    sess.run(w.initializer(), feed![]).unwrap();
    reports.add(Saver::new(&g).save(&sess, reports.path("model")));
    reports.add(Saver::of([w]).save_step(&sess, reports.path("model"), step));
    assert_eq!(fs::read_dir(reports.dir.path()).unwrap().count(), 0);
    let _ = train;
    reports.check(expect![[r#"
        cannot save variables that have no value:
          `beta1_power`, made at tests/saver/reports.rs:+4:41
          `beta2_power`, made at tests/saver/reports.rs:+4:41
          `step`, made at tests/saver/reports.rs:+3:18
          `w/Adam`, made at tests/saver/reports.rs:+4:41
          `w/Adam_1`, made at tests/saver/reports.rs:+4:41
          help: run `graph.global_variables_initializer()` in this session, or restore them, first

        cannot save variables that have no value:
          `step`, made at tests/saver/reports.rs:+3:18
          help: run `graph.global_variables_initializer()` in this session, or restore them, first"#]]);
}

#[test]
fn all_that_does_not_fit() {
    let mut reports = Reports::from(line!());
    let path = reports.path("model");
    let old = Graph::new();
    old.variable("body", [1.0_f32, 2.0]);
    old.variable("layer/kernel", old.zeros::<f32>([2, 3]));
    old.variable("n", 1_i32);
    old.variable("unused", 0.0_f64);
    Saver::new(&old).save(&session(&old), &path).unwrap();

    let g = Graph::new();
    let body = g.variable("body", [0.0_f32; 2]);
    let kernel = g.variable("layer/kernel", g.zeros::<f32>([3, 2]));
    let n = g.variable("n", 0_i64);
    let w = g.variable_scope("layer", || g.get_variable::<f32>("w", [4]));
    let bias = g.variable("bias", 0.0_f32);
    let sess = Session::new(&g);
    reports.add(Saver::new(&g).rename("offset", bias).restore(&sess, &path));
    reports.add(Saver::of([body]).strict(true).restore(&sess, &path));
    let comparison = Saver::new(&g).restore_matching(&sess, &path).unwrap();
    reports
        .texts
        .push(relative(&comparison.to_string(), file!(), reports.anchor));
    let _ = (kernel, n, w);
    reports.check(expect![[r#"
        `dir/model.aqueduct` does not fit the variables:
          missing    layer/w       f32[4]                    for variable `layer/w`, made at tests/saver/reports.rs:+13:44
          missing    offset        f32[]                     for variable `bias`, made at tests/saver/reports.rs:+14:18
          different  layer/kernel  f32[2, 3], not f32[3, 2]  for variable `layer/kernel`, made at tests/saver/reports.rs:+11:20
          different  n             i32[], not i64[]          for variable `n`, made at tests/saver/reports.rs:+12:15
          extra      unused        f64[]
          1 matching
          help: `Saver::rename` reads a tensor of another name, `restore_matching` restores what fits; extra tensors alone would be no error of a saver that is not `strict`

        `dir/model.aqueduct` does not fit the variables:
          extra  layer/kernel  f32[2, 3]
          extra  n             i32[]
          extra  unused        f64[]
          1 matching
          help: a saver that is not `strict` leaves extra tensors alone

          missing    bias          f32[]                     for variable `bias`, made at tests/saver/reports.rs:+14:18
          missing    layer/w       f32[4]                    for variable `layer/w`, made at tests/saver/reports.rs:+13:44
          different  layer/kernel  f32[2, 3], not f32[3, 2]  for variable `layer/kernel`, made at tests/saver/reports.rs:+11:20
          different  n             i32[], not i64[]          for variable `n`, made at tests/saver/reports.rs:+12:15
          extra      unused        f64[]
          1 matching"#]]);
}

#[test]
fn lists_that_make_no_sense() {
    let mut reports = Reports::from(line!());
    let path = reports.path("model");
    let g = Graph::new();
    let a = g.variable("a", 0.0_f32);
    let b = g.variable("b", 0.0_f32);
    let v = g.variable("v", [0_i64, 1]);
    let sess = session(&g);
    let other = Graph::new();
    let foreign = other.variable("foreign", 0.0_f32);
    reports.add(Saver::new(&Graph::new()).save(&sess, &path));
    reports.add(Saver::of([a, a]).save(&sess, &path));
    let saver = Saver::named([("x", a), ("x", b), ("y", b), ("z", foreign)]);
    reports.add(saver.restore(&sess, &path));
    reports.add(saver.compare(&path));
    reports.add(Saver::of([a]).save_step(&sess, &path, v));
    reports.add(Saver::of([a]).save_step(&sess, &path, other.variable("step", 0_i64)));
    reports.check(expect![[r#"
        there are no variables to save or restore

        two variables have the name `a`: `a`, made at tests/saver/reports.rs:+3:15, and `a`, made at tests/saver/reports.rs:+3:15

        two variables have the name `x`: `a`, made at tests/saver/reports.rs:+3:15, and `b`, made at tests/saver/reports.rs:+4:15
        a variable has the two names `x` and `y`: `b`, made at tests/saver/reports.rs:+4:15
        a variable belongs to another graph than the session: `foreign`, made at tests/saver/reports.rs:+8:25

        two variables have the name `x`: `a`, made at tests/saver/reports.rs:+3:15, and `b`, made at tests/saver/reports.rs:+4:15
        a variable has the two names `x` and `y`: `b`, made at tests/saver/reports.rs:+4:15

        a step's number is one number, not v i64[2]: `v`, made at tests/saver/reports.rs:+5:15

        a variable belongs to another graph than the session: `step`, made at tests/saver/reports.rs:+15:62"#]]);
}

#[test]
fn variables_that_were_built_wrongly() {
    let mut reports = Reports::from(line!());
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?]);
    let w = g.variable("w", x * 2.0);
    reports.add(Saver::of([w]).save(&Session::new(&g), reports.path("model")));
    reports.check(expect![[r#"
        shape mismatch in assign: the initial value has the unknown shape [?]
          --> tests/saver/reports.rs:+3:15        name `w/Assign`
          value  mul  f32[?]  from tests/saver/reports.rs:+3:29
          help: a variable keeps one shape: start from a value whose shape is known"#]]);
}

#[test]
fn paths_that_lead_nowhere() {
    let mut reports = Reports::from(line!());
    let g = Graph::new();
    let w = g.variable("w", 0.0_f32);
    let sess = session(&g);
    let saver = Saver::of([w]);
    for name in ["none/model", "sub/", "sub/.", ".."] {
        reports.add(saver.save(&sess, reports.path(name)));
    }
    reports.add(saver.save(&sess, ""));
    fs::create_dir(reports.path("taken.aqueduct")).unwrap();
    reports.add(saver.save(&sess, reports.path("taken")));
    fs::create_dir(reports.path("empty")).unwrap();
    for name in ["none", "none/model", "empty", "taken"] {
        reports.add(saver.restore(&sess, reports.path(name)));
    }
    let long = "x".repeat(300);
    reports.add(saver.save(&sess, reports.path(&long)));
    let good = saver.save(&sess, reports.path("good")).unwrap();
    reports.add(load_variable(&good, "v"));
    reports.add(saver.save(&sess, good.with_extension("aqueduct").join("below")));
    reports.add(list_variables(reports.path("good.aqueduct/below")));
    reports.check(expect![[r#"
        cannot find the folder `dir/none`: No such file or directory (os error 2)

        cannot save to `dir/sub/`: the path names no file, as `dir/model` does

        cannot save to `dir/sub/.`: the path names no file, as `dir/model` does

        cannot save to `dir/..`: the path names no file, as `dir/model` does

        cannot save to ``: the path names no file, as `dir/model` does

        cannot put a new file in place of `dir/taken.aqueduct`: Is a directory (os error 21)

        there is no checkpoint `dir/none`: there is no file `dir/none.aqueduct`

        there is no checkpoint `dir/none/model`: there is no file `dir/none/model.aqueduct`

        there is no checkpoint `dir/empty`: no file `checkpoint` in this folder names one that is there

        there is no checkpoint `dir/taken`: there is no file `dir/taken.aqueduct`

        cannot put a new file in place of `dir/xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx.aqueduct`: File name too long (os error 36)

        `dir/good.aqueduct` has no tensor `v`
          help: `list_variables` tells which it has

        cannot create a file beside `dir/good.aqueduct/below.aqueduct`: Not a directory (os error 20)

        there is no checkpoint `dir/good.aqueduct/below`: there is no file `dir/good.aqueduct/below.aqueduct`"#]]);
}

/// Takes the right to write in a folder away, and gives it back at the end.
#[cfg(unix)]
struct ReadOnly<'p>(&'p Path);

#[cfg(unix)]
impl<'p> ReadOnly<'p> {
    fn new(path: &'p Path) -> ReadOnly<'p> {
        ReadOnly::set(path, 0o500);
        ReadOnly(path)
    }

    fn set(path: &Path, mode: u32) {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }
}

#[cfg(unix)]
impl Drop for ReadOnly<'_> {
    fn drop(&mut self) {
        ReadOnly::set(self.0, 0o700);
    }
}

#[test]
#[cfg(unix)]
fn folders_that_may_not_be_written() {
    let mut reports = Reports::from(line!());
    let g = Graph::new();
    g.variable("w", 0.0_f32);
    let sess = session(&g);
    let closed = reports.path("closed");
    fs::create_dir(&closed).unwrap();
    let guard = ReadOnly::new(&closed);
    if fs::write(closed.join("probe"), "").is_ok() {
        // The superuser may write anywhere.
        return;
    }
    reports.add(Saver::new(&g).save(&sess, closed.join("model")));
    drop(guard);
    reports.check(expect![[
        "cannot create a file beside `dir/closed/model.aqueduct`: Permission denied (os error 13)"
    ]]);
}

#[test]
fn files_that_are_something_else() {
    let mut reports = Reports::from(line!());
    let g = Graph::new();
    g.variable("w", 0.0_f32);
    let sess = session(&g);
    let saver = Saver::new(&g);
    let path = saver.save(&sess, reports.path("model")).unwrap();
    let file = path.with_extension("aqueduct");
    let good = fs::read(&file).unwrap();
    let mut restore = |bytes: &[u8]| {
        fs::write(&file, bytes).unwrap();
        reports.add(saver.restore(&sess, &path));
    };
    restore(b"PK\x03\x04 and whatever follows in another kind of file");
    restore(b"");
    restore(&good[..20]);
    restore(&good[..good.len() - 1]);
    let mut later = good.clone();
    later[8] = 7;
    restore(&later);
    let mut changed = good.clone();
    changed[40] ^= 1;
    restore(&changed);
    changed = good.clone();
    changed[good.len() - 1] ^= 1;
    restore(&changed);
    fs::write(reports.path("checkpoint"), "what is this?").unwrap();
    reports.add(checkpoint_state(reports.dir.path()));
    fs::remove_file(reports.path("checkpoint")).unwrap();
    fs::create_dir(reports.path("checkpoint")).unwrap();
    reports.add(saver.restore(&sess, reports.dir.path()));
    fs::write(&file, &good).unwrap();
    reports.add(saver.save(&sess, &path));
    reports.check(expect![[r#"
        `dir/model.aqueduct` is not a checkpoint of Aqueduct: it begins otherwise
          help: `Saver::save` writes one; a graph file is read by `import_meta_graph`

        `dir/model.aqueduct` is damaged: it is empty

        `dir/model.aqueduct` is damaged: it ends after 20 bytes, in the preamble

        `dir/model.aqueduct` is damaged: it has 131 bytes, and was written with 132

        `dir/model.aqueduct` has format version 7, and this version of Aqueduct reads up to 1: it was written by a later one
          help: read it with that version, or a later one

        `dir/model.aqueduct` is damaged: the checksum of its header is wrong

        `dir/model.aqueduct` is damaged: its tensor `w` has another checksum than it was written with

        `dir/checkpoint` is damaged: field `what` has no colon
          help: restore one of the folder by its path: `model`

        `dir/checkpoint` is damaged: it is not a file
          help: restore one of the folder by its path: `model`

        cannot put a new file in place of `dir/checkpoint`: Is a directory (os error 21)"#]]);
}
