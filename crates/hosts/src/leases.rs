//! What `sanlock client status`, `sanlock client gets -h 1`, `sanlock direct dump` and
//! `lvmlockctl --info --dump` print (sanlock(8), lvmlockctl(8)), and whose leases may be taken.

use std::collections::BTreeMap;

/// What lvmlockd puts before the name of a volume group to name its lockspace.
const OF_LVM: &str = "lvm_";

/// A lockspace that sanlock has on this host.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Lockspace {
    name: String,
    /// This host's number in it.
    host_id: u64,
    /// Whether it is joined, and not being joined or left.
    is_joined: bool,
    /// The hosts that sanlock reports as dead, by number: the newest generation.
    dead: BTreeMap<u64, u64>,
}

impl Lockspace {
    /// Whether sanlock reports any host of it as dead.
    pub(crate) fn has_dead(&self) -> bool {
        !self.dead.is_empty()
    }

    /// Whether a lease of it is held, and by dead hosts only.
    pub(crate) fn lets_take(&self, lease: &Lease) -> bool {
        let mut holders = lease.holders.iter();
        self.is_one_of_a_dead_host(lease) && holders.all(|holder| self.is_dead(*holder))
    }

    /// Whether a lease of it is held by a dead host, be it together with others.
    pub(crate) fn is_one_of_a_dead_host(&self, lease: &Lease) -> bool {
        let mut holders = lease.holders.iter();
        self.is_joined
            && self.name == lease.lockspace
            && holders.any(|holder| self.is_dead(*holder))
    }

    fn is_dead(&self, (id, generation): (u64, u64)) -> bool {
        let newest = self.dead.get(&id);
        id != self.host_id && newest.is_some_and(|newest| generation <= *newest)
    }
}

/// A lease on a resource, as it stands on the storage.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Lease {
    lockspace: String,
    resource: String,
    /// The path as sanlock writes it, a backslash before each colon.
    path: String,
    offset: u64,
    version: u64,
    /// Number and generation of each host that holds it.
    holders: Vec<(u64, u64)>,
}

impl Lease {
    /// As sanlock takes it, with the version that was seen.
    pub(crate) fn versioned(&self) -> String {
        format!("{}:{}:{}", self.name(), self.place(), self.version)
    }

    /// Its lockspace and its resource.
    pub(crate) fn name(&self) -> String {
        format!("{}:{}", self.lockspace, self.resource)
    }

    fn place(&self) -> String {
        format!("{}:{}", self.path, self.offset)
    }

    /// Who holds it, for people.
    pub(crate) fn holders(&self) -> String {
        let each =
            |(id, generation): &(u64, u64)| format!("dead host {id} (generation {generation})");
        let all: Vec<String> = self.holders.iter().map(each).collect();
        all.join(", ")
    }

    /// Whether `later` is the same lease, and one of these holders has it still.
    pub(crate) fn is_still(&self, later: &Self) -> bool {
        self.name() == later.name()
            && self.place() == later.place()
            && self
                .holders
                .iter()
                .any(|holder| later.holders.contains(holder))
    }
}

/// A volume group whose locks lvmlockd keeps in sanlock.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct VolumeGroup {
    /// Its name.
    pub(crate) name: String,
    uuid: String,
    /// Whether lvmlockd was told that its storage is gone.
    is_killed: bool,
}

impl VolumeGroup {
    /// Whether it is left of storage that is gone: lvmlockd was told so, and sanlock has left its
    /// lockspace or never joined it.
    pub(crate) fn is_left(&self, spaces: &[Lockspace]) -> bool {
        let is_of = |space: &Lockspace| space.name.strip_prefix(OF_LVM) == Some(&self.name);
        self.is_killed && !spaces.iter().any(is_of)
    }

    /// Its UUID as the device mapper writes it.
    pub(crate) fn kernel_uuid(&self) -> String {
        self.uuid.replace('-', "")
    }
}

/// The lockspaces, from lines of `sanlock` and `hosts`.
pub(crate) fn lockspaces(printed: &str) -> Vec<Lockspace> {
    let mut spaces: Vec<Lockspace> = printed.lines().filter_map(lockspace).collect();
    let mut current = None;
    for line in printed
        .lines()
        .filter_map(|line| line.strip_prefix("hosts "))
    {
        if let Some(text) = line.strip_prefix("s ") {
            let name = text.split(':').next();
            current = spaces
                .iter_mut()
                .find(|space| Some(space.name.as_str()) == name);
        } else if let (Some(space), Some((id, generation))) = (&mut current, dead_host(line)) {
            space.dead.insert(id, generation);
        }
    }
    spaces
}

/// `sanlock s NAME:ID:PATH:OFFSET`, and a word behind it while it is joined or left.
fn lockspace(line: &str) -> Option<Lockspace> {
    let text = line.strip_prefix("sanlock s ")?;
    let mut parts = text.splitn(3, ':');
    let (name, host_id) = (parts.next()?, parts.next()?.parse().ok()?);
    let (_, end) = parts.next()?.rsplit_once(':')?;
    Some(Lockspace {
        name: name.to_owned(),
        host_id,
        is_joined: end.bytes().all(|byte| byte.is_ascii_digit()),
        dead: BTreeMap::new(),
    })
}

/// `h 2 gen 1 timestamp 61557 DEAD`
fn dead_host(line: &str) -> Option<(u64, u64)> {
    match line.split_whitespace().collect::<Vec<_>>()[..] {
        ["h", id, "gen", generation, "timestamp", _, "DEAD"] => {
            Some((id.parse().ok()?, generation.parse().ok()?))
        }
        _ => None,
    }
}

/// Where leases may be, for the script that looks: of each lockspace its place, and the paths of
/// resources that are elsewhere.
pub(crate) fn places(printed: &str) -> String {
    let mut places: BTreeMap<&str, &str> = BTreeMap::new();
    for text in printed
        .lines()
        .filter_map(|line| line.strip_prefix("sanlock s "))
    {
        let place = text
            .splitn(3, ':')
            .nth(2)
            .and_then(|rest| rest.rsplit_once(':'));
        if let Some((path, offset)) = place {
            places.insert(path, offset.split(' ').next().unwrap_or("0"));
        }
    }
    for text in printed
        .lines()
        .filter_map(|line| line.strip_prefix("sanlock r "))
    {
        // NAME:RESOURCE:PATH:OFFSET:VERSION p PID
        let place = text.rsplit_once(" p ").and_then(|(text, _)| {
            let (text, _version) = text.rsplit_once(':')?;
            let (text, _offset) = text.rsplit_once(':')?;
            text.splitn(3, ':').nth(2)
        });
        if let Some(path) = place {
            places.entry(path).or_insert("0");
        }
    }
    let each = |(path, offset): (&str, &str)| format!("{offset} {path}\n");
    places.into_iter().map(each).collect()
}

/// The leases on resources that are held, from what `sanlock direct dump` prints of them, a line with `on` and the path
/// before each dump.
pub(crate) fn leases(printed: &str) -> Vec<Lease> {
    let mut leases: Vec<Lease> = Vec::new();
    let mut path = "";
    let mut is_lease = false;
    for line in printed.lines() {
        if let Some(text) = line.strip_prefix("on ") {
            path = text;
            is_lease = false;
            continue;
        }
        let words: Vec<&str> = line.split_whitespace().collect();
        if let [id, generation, "SH"] = words[..] {
            let holder = id.parse().ok().zip(generation.parse().ok());
            if let (true, Some(lease), Some(holder)) = (is_lease, leases.last_mut(), holder) {
                lease.holders.push(holder);
            }
            continue;
        }
        let lease = lease(path, &words);
        is_lease = lease.is_some();
        leases.extend(lease);
    }
    leases
}

/// Offset, lockspace, resource, timestamp, owner, generation, version; a host's own lease has no
/// version. Without a timestamp nobody owns it alone.
fn lease(path: &str, words: &[&str]) -> Option<Lease> {
    let [
        offset,
        lockspace,
        resource,
        timestamp,
        owner,
        generation,
        version,
    ] = words
    else {
        return None;
    };
    let timestamp: u64 = timestamp.parse().ok()?;
    let owner = (owner.parse().ok()?, generation.parse().ok()?);
    Some(Lease {
        lockspace: (*lockspace).to_owned(),
        resource: (*resource).to_owned(),
        path: path.to_owned(),
        offset: offset.parse().ok()?,
        version: version.parse().ok()?,
        holders: if timestamp == 0 {
            Vec::new()
        } else {
            vec![owner]
        },
    })
}

/// The volume groups, from lines of `lvmlockd info=ls` with keys and values.
pub(crate) fn volume_groups(printed: &str) -> Vec<VolumeGroup> {
    let group = |line: &str| {
        let text = line.strip_prefix("lvmlockd info=ls ")?;
        let words = text.split(' ').filter_map(|word| word.split_once('='));
        let words: BTreeMap<&str, &str> = words.collect();
        (words.get("lm_type") == Some(&"sanlock")).then_some(())?;
        Some(VolumeGroup {
            name: (*words.get("vg_name")?).to_owned(),
            uuid: (*words.get("vg_uuid")?).to_owned(),
            is_killed: words.get("kill_vg") == Some(&"1"),
        })
    };
    printed.lines().filter_map(group).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As sanlock 3.8.5 printed it on a host whose neighbour had been killed.
    const READ: &str = "\
sanlock daemon hosta
sanlock p -1 helper
sanlock s test:1:/srv/leases:0
sanlock r test:R3:/srv/leases:3145728:1 p 23612
sanlock r test:R4:/srv/a b\\:c:0:SH p 23612
hosts s test:1:/srv/leases:0 
hosts h 1 gen 1 timestamp 61655 LIVE
hosts h 2 gen 3 timestamp 61557 DEAD
hosts h 3 gen 1 timestamp 61557 FAIL
hosts h 4 gen 1 timestamp 61557 UNKNOWN
hosts h 5 gen 1 timestamp 0 FREE
";
    const DUMP: &str = "\
on /srv/leases
  offset                            lockspace                                         resource  timestamp  own  gen lver
00000000                                 test                                            hosta 0000061539 0001 0001
00000512                                 test                                            hostb 0000061539 0002 0003
01048576                                 test                                               R1 0000061537 0002 0003 1
02097152                                 test                                               R2 0000000000 0002 0003 4
                                                                                                          0002 0003 SH
03145728                                 test                                               R3 0000061537 0001 0001 1
04194304                                 test                                               R4 0000000000 0002 0003 9
05242880                                 test                                               R5 0000061537 0002 0004 1
06291456                                 test                                               R6 0000000000 0002 0003 5
                                                                                                          0001 0001 SH
                                                                                                          0002 0003 SH
07340032                                 test                                               R7 0000061537 0003 0001 1
08388608                                other                                               R8 0000061537 0002 0001 1
09437184                                 test                                               R9 0000061537 0002 0001 7
";

    fn taken(read: &str) -> Vec<String> {
        let spaces = lockspaces(read);
        let mut leases = leases(DUMP);
        leases.retain(|lease| spaces.iter().any(|space| space.lets_take(lease)));
        leases.iter().map(Lease::versioned).collect()
    }

    #[test]
    fn only_what_dead_hosts_hold_is_taken() {
        assert_eq!(
            taken(READ),
            [
                "test:R1:/srv/leases:1048576:1",
                "test:R2:/srv/leases:2097152:4",
                "test:R9:/srv/leases:9437184:7",
            ]
        );
        for state in ["LIVE", "FAIL", "UNKNOWN", "FREE"] {
            assert_eq!(taken(&READ.replace("DEAD", state)), [""; 0], "{state}");
        }
        // Being left, and the host itself.
        assert_eq!(
            taken(&READ.replace("leases:0\n", "leases:0 REM\n")),
            [""; 0]
        );
        assert_eq!(taken(&READ.replace("s test:1", "s test:2")), [""; 0]);
    }

    #[test]
    fn leases_are_looked_for_where_sanlock_has_any() {
        assert_eq!(places(READ), "0 /srv/a b\\:c\n0 /srv/leases\n");
    }

    #[test]
    fn a_lease_is_held_still_when_its_holder_has_it() {
        let before = leases(DUMP).remove(0);
        let mut after = before.clone();
        assert!(before.is_still(&after));
        after.holders = vec![(1, 1)];
        assert!(!before.is_still(&after));
    }

    /// As lvmlockd 2.03.16 printed it after `lvmlockctl --kill`.
    const LVM: &str = "\
lvmlockd info=client pid=725 fd=8 pi=2 id=39 name=.
lvmlockd info=ls ls_name=lvm_vg1 vg_name=vg1 vg_uuid=OMujUw-IsCN vg_sysid=. vg_args=1.0.0:lvmlock lm_type=sanlock host_id=1 thread_done=0 kill_vg=1 drop_vg=0 sanlock_gl_enabled=1
lvmlockd info=r name=VGLK type=vg mode=un sh_count=0 version=0
";

    #[test]
    fn a_volume_group_is_left_when_it_was_killed_and_sanlock_is_out() {
        let is_left = |text: &str, spaces: &str| {
            let groups = volume_groups(text);
            groups
                .iter()
                .any(|group| group.is_left(&lockspaces(spaces)))
        };
        assert_eq!(volume_groups(LVM)[0].kernel_uuid(), "OMujUwIsCN");
        assert!(is_left(
            LVM,
            "sanlock s lvm_vg2:1:/dev/mapper/vg2-lvmlock:0\n"
        ));
        for state in ["", " ADD", " REM"] {
            let space = format!("sanlock s lvm_vg1:1:/dev/mapper/vg1-lvmlock:0{state}\n");
            assert!(!is_left(LVM, &space));
        }
        assert!(!is_left(&LVM.replace("kill_vg=1", "kill_vg=0"), ""));
        assert!(!is_left(&LVM.replace("lm_type=sanlock", "lm_type=dlm"), ""));
    }
}
