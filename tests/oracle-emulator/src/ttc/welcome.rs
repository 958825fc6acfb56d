//! The messages of a login: the capabilities of both sides, the authentication, and the welcome.

use std::collections::HashMap;
use std::sync::Arc;

use super::answer::Answer;
use super::conversation::{Conversation, Next, told};
use super::logon::Challenge;
use super::message::{End, FIELDS_18_1_1, kind};
use crate::engine::{Refusal, Session};
use crate::net::Broken;
use crate::options::{Account, AccountState};
use crate::sql::{Statement, names};

/// The name of the server's version.
pub(super) const VERSION_TEXT: &str = "- emulator, not Oracle";

impl Conversation {
    pub(super) fn read_protocol(&mut self) -> Result<(), Broken> {
        // The versions that the client knows, and its name.
        while self.line.byte()? != 0 {}
        while self.line.byte()? != 0 {}
        Ok(())
    }

    /// Reads what the client can do; returns the bytes of the block with its time zone that may follow.
    pub(super) fn read_capabilities(&mut self) -> Result<usize, Broken> {
        self.line.skip(5)?;
        let can = self.line.value()?.unwrap_or_default();
        let runs = self.line.value()?.unwrap_or_default();
        if let Some(fields) = can.get(7) {
            self.agreed.fields = self.agreed.fields.min(*fields);
        }
        let has = |bytes: &[u8], at: usize, bit: u8| bytes.get(at).is_some_and(|byte| byte & bit != 0);
        Ok(match (has(&runs, 1, 1), has(&can, 37, 2)) {
            (false, _) => 0,
            (true, false) => 11,
            (true, true) => 15,
        })
    }

    fn read_data_types(&mut self) -> Result<(), Broken> {
        let zone = self.read_capabilities()?;
        self.line.skip(zone)?;
        while self.line.big_endian_u16()? != 0 {
            if self.line.big_endian_u16()? != 0 {
                self.line.skip(4)?;
            }
        }
        Ok(())
    }

    /// Protocol, data types and the first half of the login in one message.
    pub(super) fn fast_logon(&mut self) -> Result<Next, Broken> {
        self.line.skip(3)?;
        self.line.byte()?;
        self.read_protocol()?;
        let mut answer = Answer::default();
        answer.protocol(self.agreed);
        self.line.skip(7)?;
        self.read_data_types()?;
        answer.byte(kind::DATA_TYPES).big_endian_u16(0);
        // A function header without a token, whatever was agreed.
        self.line.skip(3)?;
        let (name, sent) = self.read_logon()?;
        self.logon_one(&name, &sent, &mut answer);
        self.reply(answer)
    }

    pub(super) fn read_logon(&mut self) -> Result<(String, HashMap<String, String>), Broken> {
        let line = &mut self.line;
        let has_name = line.flag()?;
        line.skip_integers(2)?;
        line.byte()?;
        let count = line.integer()?;
        line.skip(2)?;
        let name = if has_name { line.text()? } else { String::new() };
        let mut sent = HashMap::new();
        for _ in 0..count {
            let (key, value) = (line.announced_text()?, line.announced_text()?);
            line.integer()?;
            sent.insert(key, value);
        }
        Ok((name, sent))
    }

    pub(super) fn logon_one(&mut self, name: &str, sent: &HashMap<String, String>, answer: &mut Answer) {
        let account = self.server.options.accounts.iter().find(|account| account.name.eq_ignore_ascii_case(name));
        let (challenge, pairs) = Challenge::new(account.cloned());
        self.challenge = Some(challenge);
        let text = |key: &str| sent.get(key).cloned();
        self.sid = self.server.sessions.add(|entry| {
            entry.program = text("AUTH_PROGRAM_NM");
            entry.machine = text("AUTH_MACHINE");
            entry.osuser = text("AUTH_SID");
        });
        // go-ora waits for the message that ends calls; other clients take a status, too.
        answer.pairs(&pairs).end(self.agreed, &End::default());
    }

    pub(super) fn logon_two(&mut self) -> Result<Next, Broken> {
        let (_, sent) = self.read_logon()?;
        if sent.contains_key("PROXY_CLIENT_NAME") {
            self.refuse(0, 0, &Refusal::unsupported("proxy users"))?;
            return Ok(Next::End);
        }
        let verified = self.challenge.take().and_then(|challenge| challenge.verify(&sent));
        let Some((account, proof)) = verified else {
            self.refuse(0, 0, &told(1017))?;
            return Ok(Next::End);
        };
        let session = match account.state {
            AccountState::Open => self.open(&account, &sent),
            AccountState::Locked => Err(told(28000)),
            AccountState::Expired => Err(told(28001)),
        };
        let session = match session {
            Ok(session) => session,
            Err(refusal) => {
                self.refuse(0, 0, &refusal)?;
                return Ok(Next::End);
            }
        };
        self.session = Some(session);
        self.account.clone_from(&account.name);
        let mut answer = Answer::default();
        answer.pairs(&self.welcome(proof)).end(self.agreed, &End::default());
        self.reply(answer)
    }

    fn open(&mut self, account: &Account, sent: &HashMap<String, String>) -> Result<Session, Refusal> {
        let mut session = Session::open(Arc::clone(&self.server.engine), &account.role())?;
        let options = &self.server.options;
        let role = if options.standby.is_some() { "PHYSICAL STANDBY" } else { "PRIMARY" };
        let settings = [
            ("database_role", role.to_owned()),
            ("apply_lag", options.standby.clone().unwrap_or_default()),
            ("parallel", if options.is_parallel { "YES" } else { "NO" }.to_owned()),
            ("expires_in_days", account.expires_in_days.map_or_else(String::new, |days| days.to_string())),
            ("charset", self.server.options.charset.name().to_owned()),
            ("release", self.release.version().to_owned()),
            ("sid", self.sid.to_string()),
            ("privileges", account.privileges().to_owned()),
            ("service_name", self.server.options.service.clone()),
        ];
        for (name, value) in settings {
            session.run(&format!("SELECT set_config('ora.{name}', {}, false)", names::literal(&value)))?;
        }
        if let Some(sql) = sent.get("AUTH_ALTER_SESSION")
            && let Statement::Control(control) = Statement::read(sql)?
        {
            session.control(&control)?;
        }
        let (process, driver) = (session.process(), sent.get("SESSION_CLIENT_DRIVER_NAME").cloned());
        let service = self.server.options.service.clone();
        self.server.sessions.change(self.sid, |entry| {
            entry.process = process;
            entry.username = Some(account.name.clone());
            entry.driver = driver;
            entry.service_name = Some(service);
        });
        Ok(session)
    }

    /// The version as a number, in the form that the client knows.
    pub(super) fn version_number(&self) -> u32 {
        let number = |text: &str| text.parse::<u32>().unwrap_or(0);
        let mut parts = self.release.version().split('.').map(number);
        let (major, minor) = (parts.next().unwrap_or(0), parts.next().unwrap_or(0));
        if self.agreed.fields >= FIELDS_18_1_1 { major << 24 | minor << 16 } else { 12 << 24 | 2 << 20 }
    }

    fn welcome(&self, proof: String) -> Vec<(&'static str, String, u32)> {
        let texts = [
            ("AUTH_VERSION_STRING", VERSION_TEXT.to_owned()),
            ("AUTH_VERSION_NO", self.version_number().to_string()),
            ("AUTH_SESSION_ID", self.sid.to_string()),
            ("AUTH_SERIAL_NUM", "1".to_owned()),
            ("AUTH_SC_DB_DOMAIN", String::new()),
            ("AUTH_SC_DBUNIQUE_NAME", "STANDIN".to_owned()),
            ("AUTH_SC_REAL_DBUNIQUE_NAME", "standin".to_owned()),
            ("AUTH_SC_SERVICE_NAME", self.server.options.service.clone()),
            ("AUTH_INSTANCENAME", "standin".to_owned()),
            ("AUTH_MAX_OPEN_CURSORS", "300".to_owned()),
            ("AUTH_MAX_IDEN_LENGTH", "128".to_owned()),
            ("AUTH_SVR_RESPONSE", proof),
        ];
        texts.into_iter().map(|(name, value)| (name, value, 0)).collect()
    }
}
