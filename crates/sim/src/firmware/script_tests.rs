//! Tests of the script interpreter against a network in memory.

use std::collections::BTreeMap;

use async_trait::async_trait;
use bytes::Bytes;
use parking_lot::Mutex;
use proptest::prelude::*;

use super::*;
use crate::fleet::fleet;

#[derive(Default)]
struct Network {
    scripts: BTreeMap<String, String>,
    images: Vec<&'static str>,
    seen: Mutex<Vec<String>>,
}

#[async_trait]
impl Surroundings for Network {
    async fn script(&self, url: &str) -> Result<Bytes, String> {
        self.seen.lock().push(format!("get {url}"));
        self.scripts
            .get(url)
            .map(|text| Bytes::from(text.clone()))
            .ok_or_else(|| format!("{url} is not there"))
    }

    async fn image(&self, url: &str, purpose: Purpose) -> Result<(), String> {
        self.seen.lock().push(format!("{purpose:?} {url}"));
        if self.images.contains(&url) {
            Ok(())
        } else {
            Err(format!("{url} is not there"))
        }
    }

    fn show(&self, text: &str) {
        self.seen.lock().push(format!("show {text}"));
    }
}

const START: &str = "http://h/start";

fn network(scripts: &[(&str, &str)]) -> Network {
    let scripts = scripts
        .iter()
        .map(|(url, text)| ((*url).to_owned(), format!("#!ipxe\n{text}")))
        .collect();
    Network {
        scripts,
        images: vec!["http://h/kernel", "http://h/initramfs"],
        seen: Mutex::default(),
    }
}

async fn run(network: &Network) -> Result<Ending, Fault> {
    let mut machine = fleet(1, 1).remove(0);
    machine.nics[0].mac = assay_inventory::Mac::new([0, 0x16, 0x3e, 0, 0, 1]);
    boot(network, Settings::of(&machine, START), START).await
}

#[tokio::test]
async fn a_chained_script_boots_a_kernel() {
    let network = network(&[
        (
            START,
            "chain --replace http://h/boot/${netX/mac} || goto failed\n:failed\necho lost",
        ),
        (
            "http://h/boot/00:16:3e:00:00:01",
            "set base http://h\nkernel ${base}/kernel initrd=initramfs BOOTIF=01-${netX/mac:hexhyp} quiet\n\
             initrd --name initramfs ${base}/initramfs\nboot || goto failed\n:failed\nexit 1",
        ),
    ]);
    let kernel = Kernel {
        url: "http://h/kernel".to_owned(),
        line: "initrd=initramfs BOOTIF=01-00-16-3e-00-00-01 quiet".to_owned(),
        initrds: vec!["http://h/initramfs".to_owned()],
    };
    assert_eq!(run(&network).await, Ok(Ending::Boot(kernel)));
}

#[tokio::test]
async fn a_failed_fetch_goes_where_the_script_says() {
    let network = network(&[(
        START,
        "kernel http://h/gone || goto failed\nboot\n:failed\necho gave up\nexit 3",
    )]);
    assert_eq!(run(&network).await, Ok(Ending::Exit(3)));
    let seen = network.seen.lock().clone();
    assert_eq!(
        seen,
        [
            "get http://h/start",
            "Kernel http://h/gone",
            "show http://h/gone is not there",
            "show gave up"
        ]
    );
}

#[tokio::test]
async fn an_uncaught_failure_names_its_line() {
    let fault = run(&network(&[(START, "echo one\nkernel http://h/gone\nboot")]))
        .await
        .unwrap_err();
    assert_eq!(fault.to_string(), "line 3: http://h/gone is not there");
}

#[tokio::test]
async fn conditions_choose_and_a_chain_comes_back() {
    let network = network(&[
        (
            START,
            "isset ${net0/mac} && goto known\nexit 9\n:known\nchain other || exit 8\niseq a b || exit 7",
        ),
        ("http://h/other", "isset ${nothing} || echo nothing\nexit"),
    ]);
    assert_eq!(run(&network).await, Ok(Ending::Exit(7)));
}

#[tokio::test]
async fn scripts_without_end_are_ended() {
    assert_eq!(
        run(&network(&[(START, ":again\ngoto again")])).await,
        Err(Fault::Endless)
    );
    assert_eq!(
        run(&network(&[(START, "chain start || goto x\n:x")])).await,
        Err(Fault::Endless)
    );
}

proptest! {
    #[test]
    fn any_script_ends(lines in proptest::collection::vec(
        "(goto|chain|kernel|initrd|boot|exit|set|isset|iseq|imgargs|imgfree|echo|:)( --name| --replace| a| b| \\$\\{a\\}| \\|\\|| &&| http://h/kernel| start){0,5}",
        0..8,
    )) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let _ = runtime.block_on(run(&network(&[(START, &lines.join("\n"))])));
    }
}
