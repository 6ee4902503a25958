//! Machines without firmware of their own: played over HTTP, and run as a process of this host.

use std::sync::Arc;
use std::time::Duration;

use assay_sim::{
    Behaviour, BootDevice, BootPlan, Firmware, Http, Machine, Marker, Pace, Posted, Power,
    ProcessMachine, ScriptedFault, ScriptedMachine, fleet,
};

use crate::support::{BootServer, agent, eventually};

const NETWORK: BootPlan = BootPlan {
    device: BootDevice::Network,
    firmware: Firmware::Uefi,
};

fn played(server: &BootServer, behaviour: Behaviour) -> ScriptedMachine {
    let http = Http::new([]).unwrap();
    ScriptedMachine::new(
        fleet(1, 1).remove(0),
        server.url("/assay/v1/boot/ipxe"),
        http,
        behaviour,
    )
}

fn faulty(fault: ScriptedFault) -> Behaviour {
    Behaviour {
        fault: Some(fault),
        ..Behaviour::default()
    }
}

async fn small_server() -> BootServer {
    BootServer::serving(vec![7; 100_000], vec![8; 200_000]).await
}

#[tokio::test]
async fn a_played_machine_takes_the_whole_way() {
    let server = small_server().await;
    let pace = Pace {
        firmware: Duration::from_millis(20),
        ..Pace::default()
    };
    let machine = played(
        &server,
        Behaviour {
            pace,
            loads_whole_files: true,
            ..Behaviour::default()
        },
    );
    machine.power_on(NETWORK).await.unwrap();
    let done = Marker::Agent("done".to_owned());
    machine
        .console()
        .wait_for(|marker| *marker == done, Duration::from_secs(10))
        .await
        .unwrap();
    let mac = machine.hardware().boot_mac().unwrap();
    let expected = [
        "GET /assay/v1/boot/ipxe".to_owned(),
        format!(
            "GET /assay/v1/boot/ipxe/{mac}?uuid={}&serial={}",
            machine.hardware().uuid,
            machine.hardware().serial
        ),
        "GET /assay/v1/boot/n0nce-as-long-as-the-real-ones-0123456789ab/kernel".to_owned(),
        "GET /assay/v1/boot/n0nce-as-long-as-the-real-ones-0123456789ab/initramfs".to_owned(),
        "POST /assay/v1/boot/n0nce-as-long-as-the-real-ones-0123456789ab/phase/agent".to_owned(),
        "POST /assay/v1/boot/n0nce-as-long-as-the-real-ones-0123456789ab/phase/collectors"
            .to_owned(),
        "POST /v1/continue?nonce=n0nce-as-long-as-the-real-ones-0123456789ab".to_owned(),
    ];
    assert_eq!(server.requests(), expected);
    assert_eq!(machine.posted(), [Posted::Answered(200)]);
    let report = server.report().await;
    assert_eq!(report.pxe_mac(), Some(mac));
    assert_eq!(
        report.boot_interface,
        Some(format!("01-{}", mac.to_string().replace(':', "-")))
    );
    assert_eq!(machine.power(), Power::On);
    machine.power_off().await.unwrap();
    assert_eq!(machine.power(), Power::Off);
}

#[tokio::test]
async fn each_stop_comes_where_it_should() {
    let cases = [
        (ScriptedFault::NeverAsks, 0),
        (ScriptedFault::StopsAfterScript, 2),
        (ScriptedFault::StopsAfterKernel, 3),
        (ScriptedFault::StopsAfterInitramfs, 4),
        (ScriptedFault::StopsAfterAgent, 5),
        (ScriptedFault::StopsAfterCollectors, 6),
    ];
    for (fault, requests) in cases {
        let server = small_server().await;
        let machine = played(&server, faulty(fault));
        machine.power_on(NETWORK).await.unwrap();
        eventually(async || server.requests().len() == requests).await;
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert_eq!(
            server.requests().len(),
            requests,
            "{fault:?}: {:?}",
            server.requests()
        );
        assert!(machine.posted().is_empty(), "{fault:?}");
        assert_eq!(machine.power(), Power::On, "{fault:?}");
    }
}

#[tokio::test]
async fn reports_can_be_wrong_in_many_ways() {
    let ends_with = async |fault, posts: &[Posted], reports| {
        let server = small_server().await;
        let machine = played(&server, faulty(fault));
        machine.power_on(NETWORK).await.unwrap();
        eventually(async || machine.posted().len() == posts.len()).await;
        assert_eq!(machine.posted(), posts, "{fault:?}");
        assert_eq!(server.reports().len(), reports, "{fault:?}");
        server.reports().pop()
    };
    let report = ends_with(ScriptedFault::ReportsError, &[Posted::Answered(200)], 1)
        .await
        .unwrap();
    assert!(report.error.is_some() && report.inventory.is_none());
    ends_with(
        ScriptedFault::ReportsTwice,
        &[Posted::Answered(200), Posted::Answered(200)],
        2,
    )
    .await;
    ends_with(ScriptedFault::WrongNonce, &[Posted::Answered(404)], 0).await;
    ends_with(ScriptedFault::ReportsNonsense, &[Posted::Answered(400)], 0).await;
}

#[tokio::test]
async fn a_machine_can_break_off_in_the_middle_of_its_report() {
    let server = small_server().await;
    let machine = played(&server, faulty(ScriptedFault::BreaksOff));
    machine.power_on(NETWORK).await.unwrap();
    eventually(async || machine.posted().len() == 1).await;
    assert!(matches!(machine.posted()[0], Posted::Failed(_)));
    assert!(server.reports().is_empty());
}

#[tokio::test]
async fn a_machine_without_a_server_gives_up_or_tries_again() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!(
        "http://{}/assay/v1/boot/ipxe",
        listener.local_addr().unwrap()
    );
    drop(listener);
    let behaviour = Behaviour {
        boot_retries: 2,
        ..Behaviour::default()
    };
    let machine = ScriptedMachine::new(
        fleet(1, 1).remove(0),
        url,
        Http::new([]).unwrap(),
        behaviour,
    );
    machine.power_on(NETWORK).await.unwrap();
    eventually(async || {
        machine
            .console()
            .text()
            .matches("the boot script failed")
            .count()
            == 3
    })
    .await;
    machine.power_on(NETWORK).await.unwrap();
    assert_eq!(
        machine.power(),
        Power::On,
        "a machine that found nothing to boot stays on"
    );
}

#[tokio::test]
async fn a_machine_that_boots_from_disk_asks_nobody() {
    let server = small_server().await;
    let machine = played(&server, Behaviour::default());
    machine
        .power_on(BootPlan {
            device: BootDevice::Disk,
            ..NETWORK
        })
        .await
        .unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn a_fleet_reports_together() {
    let server = small_server().await;
    let http = Http::new([]).unwrap();
    let machines: Vec<_> = fleet(200, 5)
        .into_iter()
        .map(|hardware| {
            ScriptedMachine::new(
                hardware,
                server.url("/assay/v1/boot/ipxe"),
                http.clone(),
                Behaviour::default(),
            )
        })
        .collect();
    futures::future::join_all(machines.iter().map(|machine| machine.power_on(NETWORK))).await;
    eventually(async || server.reports().len() == machines.len()).await;
    let uuids: std::collections::BTreeSet<_> = server
        .reports()
        .iter()
        .filter_map(assay_inventory::Report::system_uuid)
        .collect();
    assert_eq!(uuids.len(), machines.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_agent_as_a_process_reports_this_host() {
    let server = small_server().await;
    let (http, boot_url) = (Http::new([]).unwrap(), server.url("/assay/v1/boot/ipxe"));
    let machine = Arc::new(ProcessMachine::new(
        fleet(1, 1).remove(0),
        boot_url,
        agent(),
        http,
    ));
    machine.power_on(NETWORK).await.unwrap();
    let report = tokio::time::timeout(Duration::from_mins(1), server.report()).await;
    let report = report.unwrap_or_else(|_| panic!("no report came:\n{}", machine.console().text()));
    let cpus = std::thread::available_parallelism().unwrap().get();
    assert!(report.inventory.unwrap().cpu.unwrap().count.unwrap() as usize >= cpus);
    machine.power_off().await.unwrap();
}
