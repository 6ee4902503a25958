//! A real virtual machine boots the image that its node has: first one that is an iPXE script, then
//! one in PXELINUX's form, whose kernel starts with the line that the image says.

use std::path::PathBuf;
use std::sync::Arc;

use assay_sim::{BootDevice, BootPlan, Firmware, HOST_IN_GUEST, Machine, QemuMachine};
use assay_tests::guest::{self, LIMIT};
use assay_tests::{Client, Setup, lab, wait};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// Gives every caller one file over HTTP; tells the port.
async fn serve(file: PathBuf) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut caller, _)) = listener.accept().await {
            let file = file.clone();
            tokio::spawn(async move {
                let mut request = [0; 2048];
                let _ = caller.read(&mut request).await;
                let body = tokio::fs::read(file).await.unwrap();
                let head = format!(
                    "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                    body.len()
                );
                // A machine that is reset in the middle does not listen any more.
                let _ = caller.write_all(head.as_bytes()).await;
                let _ = caller.write_all(&body).await;
            });
        }
    });
    port
}

async fn assign(client: &Client, node: i64, name: &str, content: &str) {
    let image = json!({"node_image": {"image_name": name, "file_data": content}});
    let made = client.post("/v1/node-images/", &image).await.expect(200);
    let body = json!({"image_id": made.json()["node_image"]["id"]});
    let path = format!("/v1/nodes/{node}/actions/assign-image");
    let _ = client.post(&path, &body).await.expect(204);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_boots_two_images_in_turn() {
    let server = Setup::new().start().await;
    let client = server.client();
    let boot = format!("{}/assay/v1/boot/ipxe", server.base());
    let hardware = guest::hardware(Firmware::Bios);
    let plan = BootPlan {
        device: BootDevice::Network,
        firmware: Firmware::Bios,
    };
    let machine = Arc::new(QemuMachine::new(hardware, &boot).unwrap());
    let bmc = lab::bmc(machine.clone());
    let node = lab::enrol(client, &bmc).await;
    let console = machine.console();
    let shows = async |words: &str| {
        let what = format!("the console shows '{words}'");
        let text = async || console.text();
        wait::until_is(&what, LIMIT, text, |text| text.contains(words)).await;
    };

    let script = "#!ipxe\necho the first image runs\nsleep 300\n";
    assign(client, node.id, "script", script).await;
    machine.power_on(plan).await.unwrap();
    shows("the first image runs").await;

    let kernel = assay_ramdisk::find_kernel().expect("package linux-image-amd64 is installed");
    let port = serve(kernel.image).await;
    let pxelinux = format!(
        "default linux\nlabel other\nlocalboot 0\nlabel linux\nkernel http://{HOST_IN_GUEST}:{port}/vmlinuz\nappend console=ttyS0 the.second=image panic=300\n"
    );
    assign(client, node.id, "pxelinux", &pxelinux).await;
    machine.reset(plan).await.unwrap();
    shows("console=ttyS0 the.second=image panic=300").await;
    shows("Linux version").await;
    machine.power_off().await.unwrap();
}
