//! CONNECT, and ACCEPT or REFUSE: the service that a client asks for, and the length of packets.

use super::packet::{ACCEPT, Broken, CONNECT, Line, REFUSE};
use crate::options::{Options, Release};
use crate::ttc::answer::Answer;

const VERSION_19: u16 = 318;
const VERSION_23: u16 = 319;
/// The smallest packet size that is agreed on, in bytes.
const SMALLEST: usize = 512;
/// Login in one message, and answers with an end-of-response flag.
const FAST_AND_MARKED: u32 = 0x1000_0000 | 0x0200_0000;
const NO_SUCH_SERVICE: u32 = 12514;
const NO_SUCH_SID: u32 = 12505;
const NO_HANDLER: u32 = 12520;

/// The fields of a client's CONNECT.
pub(super) struct Wanted {
    version: u16,
    sdu: usize,
    service: Option<String>,
    sid: Option<String>,
    is_pooled: bool,
}

impl Wanted {
    pub(super) fn read(line: &mut Line) -> Result<Self, Broken> {
        let (kind, body) = line.read_packet()?;
        if kind != CONNECT || body.len() < 26 {
            return Err(Broken::Unknown("a first packet that is not a CONNECT".to_owned()));
        }
        let short = |at: usize| usize::from(u16::from_be_bytes([body[at], body[at + 1]]));
        let (length, begin) = (short(16), short(18).saturating_sub(8));
        let sdu = match body.get(50..54) {
            Some(sdu) if body.len() >= 58 => u32::from_be_bytes([sdu[0], sdu[1], sdu[2], sdu[3]]) as usize,
            _ => short(6),
        };
        let version = short(0) as u16;
        let text = match body.get(begin..begin + length) {
            Some(text) => text.to_vec(),
            // Too long for this packet: it has a packet of its own.
            None => line.read_packet()?.1.get(2..).unwrap_or_default().to_vec(),
        };
        let text = String::from_utf8_lossy(&text).to_uppercase().replace(' ', "");
        let value = |key: &str| {
            let (_, rest) = text.split_once(key)?;
            Some(rest.split(')').next().unwrap_or(rest).to_owned())
        };
        Ok(Self {
            version,
            sdu,
            service: value("(SERVICE_NAME="),
            sid: value("(SID="),
            is_pooled: text.contains("(SERVER=POOLED)"),
        })
    }

    /// The code with which the client is refused; `None` if it is accepted.
    pub(super) fn refusal(&self, options: &Options) -> Option<u32> {
        let named =
            |name: &Option<String>, known: &str| name.as_deref().is_some_and(|name| name.eq_ignore_ascii_case(known));
        match (&self.service, &self.sid) {
            // There is no pool of server processes.
            _ if self.is_pooled => Some(NO_HANDLER),
            (Some(_), _) if named(&self.service, &options.service) => None,
            (Some(_), _) => Some(NO_SUCH_SERVICE),
            _ if named(&self.sid, &options.sid) => None,
            _ => Some(NO_SUCH_SID),
        }
    }

    /// Accepts, and returns true if answers will have an end-of-response flag.
    pub(super) fn accept(&self, line: &mut Line, release: Release, largest: usize) -> Result<bool, Broken> {
        let version = if release == Release::R23 { VERSION_23 } else { VERSION_19 }.min(self.version);
        let marks_end = version >= VERSION_23;
        line.sdu = self.sdu.max(SMALLEST).min(largest);
        let short = line.sdu.min(65_535) as u16;
        let mut answer = Answer::default();
        for number in [version, 1, short, 65_535, 1, 0, 45] {
            answer.big_endian_u16(number);
        }
        answer.byte(4).byte(4).zeros(8).raw(&(line.sdu as u32).to_be_bytes()).raw(&(line.sdu as u32).to_be_bytes());
        answer.byte(0).raw(&if marks_end { FAST_AND_MARKED } else { 0 }.to_be_bytes());
        line.write_packet(ACCEPT, &answer.bytes)?;
        line.large = true;
        Ok(marks_end)
    }
}

/// Refuses a client as a listener does.
pub(super) fn refuse(line: &mut Line, code: u32) -> Result<(), Broken> {
    let words =
        format!("(DESCRIPTION=(TMP=)(VSNNUM=318767104)(ERR={code})(ERROR_STACK=(ERROR=(CODE={code})(EMFI=4))))");
    let mut answer = Answer::default();
    answer.raw(&[34, 0]).big_endian_u16(words.len() as u16).raw(words.as_bytes());
    line.write_packet(REFUSE, &answer.bytes)
}
