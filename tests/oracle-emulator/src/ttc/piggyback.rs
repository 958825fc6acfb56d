//! Requests that clients send together with a call: cursors to close, session tags, large objects to free.

use super::conversation::Conversation;
use crate::net::Broken;

const CLOSE_CURSORS: u8 = 105;
const TAGS: u8 = 135;
const CURRENT_SCHEMA: u8 = 152;
const SESSION_STATE: u8 = 176;
const KEYS: u8 = 154;
const LOB_OPERATION: u8 = 96;

impl Conversation {
    pub(super) fn piggyback(&mut self, function: u8) -> Result<(), Broken> {
        match function {
            CLOSE_CURSORS => {
                self.line.byte()?;
                for _ in 0..self.line.integer()? {
                    let cursor = self.line.small()?;
                    self.cursors.remove(&cursor);
                }
            }
            TAGS => self.tags()?,
            CURRENT_SCHEMA => {
                self.line.byte()?;
                let schema = self.line.announced_text()?;
                if let Some(session) = self.session.as_mut() {
                    let schema = crate::sql::names::quoted(&crate::sql::names::shown(&schema));
                    // If there is no such schema, the next statement reports it.
                    let _ = session.run(&format!("SET search_path = {schema}, sys, oracle, pg_catalog"));
                }
            }
            SESSION_STATE => drop(self.line.integer()?),
            KEYS => {
                self.line.byte()?;
                self.line.integer()?;
                self.line.byte()?;
                let count = self.line.integer()?;
                self.line.integer()?;
                self.line.byte()?;
                self.line.value()?;
                for _ in 0..count {
                    self.line.announced()?;
                    self.line.announced()?;
                    self.line.integer()?;
                }
            }
            LOB_OPERATION => self.free_lobs()?,
            other => return Err(Broken::Unknown(format!("the piggyback {other}"))),
        }
        Ok(())
    }

    /// Client identifier, module, action, client information.
    fn tags(&mut self) -> Result<(), Broken> {
        let line = &mut self.line;
        line.skip(2)?;
        line.integer()?;
        let mut given = [false; 5];
        let announce = |line: &mut crate::net::Line| Ok::<_, Broken>(line.flag()? & (line.integer()? != 0));
        for (at, given) in given.iter_mut().enumerate() {
            *given = announce(line)?;
            // Two unused fields follow the third and the fourth.
            if at == 2 || at == 3 {
                announce(line)?;
                announce(line)?;
            }
        }
        let mut texts = Vec::new();
        for given in given {
            texts.push(if given { Some(line.text()?) } else { None });
        }
        let mut texts = texts.into_iter();
        let mut next = || texts.next().flatten();
        let (identifier, module, action, information) = (next(), next(), next(), next());
        self.server.sessions.change(self.sid, |entry| {
            entry.client_identifier = identifier.or(entry.client_identifier.take());
            entry.module = module.or(entry.module.take());
            entry.action = action.or(entry.action.take());
            entry.client_info = information.or(entry.client_info.take());
        });
        Ok(())
    }
}
