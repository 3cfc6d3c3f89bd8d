//! The threads of an engine: started when they are first needed, waiting for work from then on.
//!
//! Starting a thread costs some 50 µs and waking one that sleeps over 20, while one that still looks
//! for work has it within a fraction of one. So after its work each goes on looking for about as
//! long as a wake would take before it sleeps: calls that follow one another find it awake.

use std::cell::UnsafeCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};

/// How often a thread looks for work before it sleeps.
const LOOKS: usize = 4_000;
/// How often one that waits for others looks before it lets them have the core.
const SPINS: usize = 1_000;

/// What a member is to do, given its number.
type Work = dyn Fn(usize) + Sync;

/// Threads that work for the one that owns them, numbered from 1.
pub(crate) struct Team {
    members: Vec<Member>,
    /// Where they run: a process that was forked off has none of them.
    process: u32,
}

struct Member {
    post: Arc<Post>,
    thread: JoinHandle<()>,
}

/// Where a member finds its work.
struct Post {
    /// How many pieces of work there have been; with the last one, `work` was written.
    given: AtomicUsize,
    /// How many of them are done.
    done: AtomicUsize,
    /// `None` sends it home.
    work: UnsafeCell<Option<&'static Work>>,
    panicked: AtomicBool,
}

// SAFETY: `work` is written by the owner while `given` equals `done`, and read by the member while
// they differ; both are published by release and seen by acquire.
unsafe impl Sync for Post {}

impl Team {
    /// A team without members.
    pub(crate) fn new() -> Self {
        Self { members: Vec::new(), process: std::process::id() }
    }

    /// Runs `lead` here and `work` on members 1 to `others`; returns when all are through.
    ///
    /// # Panics
    /// If there are fewer members ([`Team::grow`]), or one of them panicked.
    pub(crate) fn run<R>(
        &mut self,
        others: usize,
        work: &(dyn Fn(usize) + Sync + '_),
        lead: impl FnOnce() -> R,
    ) -> R {
        let members = &self.members[..others];
        // SAFETY: nothing but the lifetime changes, and `Ending` waits, however `lead` ends, until
        // no member uses it any more.
        let work =
            unsafe { std::mem::transmute::<&(dyn Fn(usize) + Sync + '_), &'static Work>(work) };
        let ending = Ending(members);
        members.iter().for_each(|member| member.give(Some(work)));
        let result = lead();
        drop(ending);
        let panicked = |member: &Member| member.post.panicked.load(Ordering::Relaxed);
        assert!(!members.iter().any(panicked), "a thread of this engine panicked");
        result
    }

    /// Starts threads until there are so many; returns how many there are.
    pub(crate) fn grow(&mut self, others: usize) -> usize {
        if self.process != std::process::id() {
            // What was inherited are the handles of threads of another process.
            std::mem::take(&mut self.members).into_iter().for_each(std::mem::forget);
            self.process = std::process::id();
        }
        while self.members.len() < others {
            let post = Arc::new(Post {
                given: AtomicUsize::new(0),
                done: AtomicUsize::new(0),
                work: UnsafeCell::new(None),
                panicked: AtomicBool::new(false),
            });
            let (number, own) = (self.members.len() + 1, post.clone());
            let name = format!("chainrule {number}");
            match thread::Builder::new().name(name).spawn(move || own.serve(number)) {
                Ok(thread) => self.members.push(Member { post, thread }),
                Err(_) => break,
            }
        }
        self.members.len().min(others)
    }
}

impl Drop for Team {
    fn drop(&mut self) {
        let is_here = self.process == std::process::id();
        for member in self.members.drain(..) {
            if is_here {
                member.give(None);
                // A panic in its work was told when it happened.
                let _ = member.thread.join();
            } else {
                std::mem::forget(member);
            }
        }
    }
}

impl Member {
    /// Hands over the next piece of work; the last one must be done.
    fn give(&self, work: Option<&'static Work>) {
        let given = self.post.given.load(Ordering::Relaxed);
        debug_assert_eq!(given, self.post.done.load(Ordering::Relaxed));
        // SAFETY: the last piece is done (`Ending` waited for it), so the member does not read.
        unsafe { *self.post.work.get() = work };
        // A panic of the owner makes those panic that wait for it; that was then.
        self.post.panicked.store(false, Ordering::Relaxed);
        self.post.given.store(given + 1, Ordering::Release);
        self.thread.thread().unpark();
    }

    fn wait(&self) {
        let given = self.post.given.load(Ordering::Relaxed);
        let mut spins = 0;
        while self.post.done.load(Ordering::Acquire) != given {
            if spins < SPINS {
                spins += 1;
                std::hint::spin_loop();
            } else {
                thread::yield_now();
            }
        }
    }
}

impl Post {
    /// A member's life.
    fn serve(&self, number: usize) {
        for call in 1.. {
            let mut looks = 0;
            while self.given.load(Ordering::Acquire) != call {
                if looks < LOOKS {
                    looks += 1;
                    std::hint::spin_loop();
                } else {
                    thread::park();
                }
            }
            // SAFETY: this piece of work is given and not yet done, so nobody writes.
            let Some(work) = (unsafe { *self.work.get() }) else { return };
            if catch_unwind(AssertUnwindSafe(|| work(number))).is_err() {
                self.panicked.store(true, Ordering::Relaxed);
            }
            self.done.store(call, Ordering::Release);
        }
    }
}

/// Waits for the members, whether the work of their owner ends or panics.
struct Ending<'a>(&'a [Member]);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        self.0.iter().for_each(Member::wait);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn every_member_works_once_a_call() {
        let mut team = Team::new();
        assert_eq!(team.grow(3), 3);
        for others in [3, 0, 1, 3, 2] {
            let sum = AtomicUsize::new(0);
            let work = |number| _ = sum.fetch_add(1_usize << (8 * number), Ordering::Relaxed);
            assert_eq!(team.run(others, &work, || 7), 7);
            let expected: usize = (1..=others).map(|number| 1_usize << (8 * number)).sum();
            assert_eq!(sum.into_inner(), expected);
            // Long enough for all to fall asleep.
            thread::sleep(Duration::from_millis(5));
        }
    }

    #[test]
    fn a_panic_of_a_member_is_the_owners_and_the_team_goes_on() {
        let mut team = Team::new();
        team.grow(2);
        let work = |number| assert_ne!(number, 2, "as the test wants it");
        assert!(catch_unwind(AssertUnwindSafe(|| team.run(2, &work, || ()))).is_err());
        let count = AtomicUsize::new(0);
        team.run(2, &|_| _ = count.fetch_add(1, Ordering::Relaxed), || ());
        assert_eq!(count.into_inner(), 2);
    }

    #[test]
    fn a_panic_of_the_owner_waits_for_the_members() {
        let mut team = Team::new();
        team.grow(1);
        let ended = AtomicBool::new(false);
        let work = |_| {
            thread::sleep(Duration::from_millis(20));
            ended.store(true, Ordering::Relaxed);
            panic!("as one that waited for its owner does");
        };
        let run = AssertUnwindSafe(|| team.run(1, &work, || panic!("as the test wants it")));
        assert!(catch_unwind(run).is_err());
        assert!(ended.into_inner());
        // The next work is not told of it.
        team.run(1, &|_| (), || ());
    }
}
