//! What becomes of hosts, and of the instances on them.

use super::clock::Moment;
use super::migration::MigrationKind;
use super::{Cloud, HostCondition, VmState};
use crate::openstack::counters::TwoHosts;

impl Cloud {
    /// Changes how a host really is. The cloud learns of it by the silence of its compute service alone.
    pub(in crate::openstack) fn set_condition(
        &mut self,
        place: usize,
        condition: HostCondition,
        now: Moment,
    ) {
        let host = &mut self.hosts[place];
        let before = std::mem::replace(&mut host.condition, condition);
        match condition {
            HostCondition::Well => host.silent_since = None,
            _ => host.silent_since = host.silent_since.or(Some(now)),
        }
        match condition {
            HostCondition::PoweredOff => self.all_stop(place),
            HostCondition::Well if before != HostCondition::Well => self.comes_back(place, now),
            _ => {}
        }
    }

    /// Nothing runs on a host without power.
    fn all_stop(&mut self, place: usize) {
        for instance in self.instances.values_mut() {
            instance.left_running_on.retain(|host| *host != place);
        }
        for number in &self.hosts[place].instances {
            if let Some(instance) = self.instances.get_mut(number) {
                instance.is_alive = false;
            }
        }
    }

    /// The compute service starts: it ends what was evacuated, and puts right what it finds.
    fn comes_back(&mut self, place: usize, now: Moment) {
        for instance in self.instances.values_mut() {
            instance.left_running_on.retain(|host| *host != place);
        }
        let evacuated = self.migrations.values_mut().filter(|record| {
            record.kind == MigrationKind::Evacuation
                && record.source == place
                && record.status == "done"
        });
        let evacuated: Vec<String> = evacuated
            .map(|record| {
                record.status = "completed";
                record.updated = now;
                record.instance_id.clone()
            })
            .collect();
        for id in evacuated {
            let is_here = self.instance(&id).is_ok_and(|it| it.host == Some(place));
            if !is_here {
                self.release(&id, Some(place));
            }
        }
        let here: Vec<u64> = self.hosts[place].instances.iter().copied().collect();
        for number in here {
            self.abandon_moves(number, now);
            self.unsettle(number, now);
            self.change(number, now, |instance| {
                instance.generation += 1;
                instance.task_state = None;
                if !instance.is_alive
                    && matches!(instance.vm_state, VmState::Active | VmState::Paused)
                {
                    instance.vm_state = VmState::Stopped;
                }
            });
        }
    }

    /// A confirmation or its contrary that was lost has to be asked for again.
    fn unsettle(&mut self, number: u64, now: Moment) {
        let of_it = self.migrations.values_mut().filter(|record| {
            record.instance == number && matches!(record.status, "confirming" | "reverting")
        });
        for record in of_it {
            record.status = "finished";
            record.updated = now;
        }
    }

    /// An instance runs from now on; that it does so elsewhere, too, must not be.
    pub(super) fn runs_now(&mut self, number: u64) {
        let Some(instance) = self.instances.get_mut(&number) else {
            return;
        };
        instance.is_alive = true;
        let Some(home) = instance.host else {
            return;
        };
        for old in &instance.left_running_on {
            let two = TwoHosts {
                instance: instance.id.clone(),
                old_host: self.hosts[*old].name.clone(),
                new_host: self.hosts[home].name.clone(),
            };
            if !self.counters.running_twice.contains(&two) {
                self.counters.running_twice.push(two);
            }
        }
    }
}
