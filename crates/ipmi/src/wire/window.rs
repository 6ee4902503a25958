//! Which sequence numbers of a session are taken: none twice, none too old (section 6.12.13).

/// How far numbers may lie behind the highest one in an RMCP+ session (section 6.12.14).
pub const BEHIND: u32 = 16;

/// The numbers that a session has seen.
#[derive(Debug, Clone)]
pub struct Window {
    ahead: u32,
    highest: Option<u32>,
    /// Bit `n` stands for the number that lies `n` behind the highest.
    seen: u32,
}

impl Window {
    /// A window that takes numbers at most `ahead` above the highest so far. The first number may be
    /// any but zero.
    pub fn new(ahead: u32) -> Self {
        Self {
            ahead,
            highest: None,
            seen: 0,
        }
    }

    /// Whether a packet of this number is to be taken; a number is taken once.
    pub fn take(&mut self, number: u32) -> bool {
        if number == 0 {
            return false;
        }
        let Some(highest) = self.highest else {
            self.highest = Some(number);
            self.seen = 1;
            return true;
        };
        let above = number.wrapping_sub(highest);
        let below = highest.wrapping_sub(number);
        if above != 0 && above <= self.ahead {
            self.seen = self.seen.checked_shl(above).unwrap_or(0) | 1;
            self.highest = Some(number);
            return true;
        }
        if below > BEHIND || self.seen & 1 << below != 0 {
            return false;
        }
        self.seen |= 1 << below;
        true
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn late_numbers_pass_once_and_old_ones_never() {
        let mut window = Window::new(15);
        assert!(window.take(5) && window.take(8) && window.take(6));
        assert!(!window.take(6) && !window.take(8) && !window.take(0));
        assert!(window.take(7) && window.take(23) && window.take(9));
        assert!(!window.take(6), "17 behind");
        assert!(!window.take(39), "16 ahead");
        assert!(window.take(38));
    }

    #[test]
    fn numbers_go_round() {
        let mut window = Window::new(15);
        assert!(window.take(u32::MAX) && window.take(1) && !window.take(u32::MAX));
    }

    proptest! {
        #[test]
        fn no_number_is_taken_twice(numbers in proptest::collection::vec(0..80_u32, 0..200)) {
            let mut window = Window::new(u32::MAX / 2);
            let mut taken = std::collections::HashSet::new();
            for number in numbers {
                if window.take(number) {
                    prop_assert!(taken.insert(number));
                }
            }
        }
    }
}
