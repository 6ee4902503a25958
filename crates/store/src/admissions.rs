//! What PXE admission asks: the network cards of machines that are to boot, and of all machines.

use assay_domain::Result;

use crate::Store;

impl Store {
    /// A mark that changes whenever other introspections than before have their machine boot, or more
    /// or fewer nodes have an image to boot: their number and the newest introspection. Cheap.
    pub async fn booting_mark(&self) -> Result<(i64, Option<i64>)> {
        read!(self, admissions::mark())
    }

    /// MAC addresses, as they were given, of the nodes whose introspection is starting or waiting, or
    /// whose image is not empty: those of their ports and their own. Some may come twice.
    pub async fn booting_macs(&self) -> Result<Vec<String>> {
        read!(self, admissions::booting())
    }

    /// MAC addresses of one node: those of its ports and its own.
    pub async fn macs_of_node(&self, node_id: i64) -> Result<Vec<String>> {
        read!(self, admissions::of_node(node_id))
    }

    /// MAC addresses of all nodes: those of their ports and their own.
    pub async fn macs_of_all_nodes(&self) -> Result<Vec<String>> {
        read!(self, admissions::of_all())
    }
}
