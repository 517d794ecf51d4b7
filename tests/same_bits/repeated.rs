//! Digests of one process, after other work.

use aqueduct::SessionOptions;
use aqueduct::prelude::*;
use tempfile::tempdir;

use crate::programs;

/// Other plans are made, other shapes run, memory is used by others, threads sleep and wake: from the
/// same variables and streams the same bits come.
#[test]
fn a_restored_session_repeats_itself() {
    let folder = tempdir().unwrap();
    let all = programs::all();
    for program in &all {
        let options = SessionOptions::new().threads(2);
        let sess = Session::with_options(program.graph, options);
        program.initialize(&sess);
        let saver = (!program.graph.global_variables().is_empty()).then(|| {
            let saver = Saver::new(program.graph);
            let path = saver.save(&sess, folder.path().join(program.name)).unwrap();
            (saver, path)
        });
        let first = program.digest(&sess);
        let Some((saver, path)) = saver else {
            continue;
        };
        assert_ne!(program.digest(&sess), first, "{}: it trains", program.name);
        program.run_others(&sess);
        saver.restore(&sess, &path).unwrap();
        assert_eq!(program.digest(&sess), first, "{}", program.name);

        let other = Session::with_options(program.graph, options.threads(5));
        saver.restore(&other, &path).unwrap();
        assert_eq!(program.digest(&other), first, "{}", program.name);
    }
}
