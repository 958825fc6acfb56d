//! Authentication by O5LOGON. Both sides prove to each other that they know the password, without sending it in clear.
//!
//! The server sends half of a key, encrypted with the password's verifier; the client answers with the other half. Both
//! compute the session's key from them, and the password is sent encrypted with it.

use std::collections::HashMap;

use aes::cipher::block_padding::{NoPadding, Pkcs7};
use aes::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit};
use rand::RngExt;
use sha2::{Digest, Sha512};

use crate::options::{Account, Verifier};

/// The number of hash rounds for the verifier of 12c; the next constant is that of the session's key.
const VERIFIER_ROUNDS: u32 = 4096;
const KEY_ROUNDS: u32 = 3;
const KIND_11: u32 = 0xb152;
const KIND_12: u32 = 0x4815;
/// The block size of AES.
const BLOCK: usize = 16;
/// The text that a client expects in the server's proof.
const PROOF: &[u8; BLOCK] = b"SERVER_TO_CLIENT";

/// A login that has begun.
pub(super) struct Challenge {
    /// `None` for a name without an account: the client learns it only after it has sent its password.
    account: Option<Account>,
    password_key: Vec<u8>,
    half: Vec<u8>,
    salt: [u8; BLOCK],
}

/// Named texts, as they are sent.
pub(super) type Pairs = Vec<(&'static str, String, u32)>;

impl Challenge {
    /// The challenge for an account, and the texts that the client is sent.
    pub(super) fn new(account: Option<Account>) -> (Self, Pairs) {
        let mut random = rand::rng();
        let verifier = account.as_ref().map_or(Verifier::V12, |account| account.verifier);
        let password = account.as_ref().map_or("", |account| &account.password).as_bytes();
        let mut salt = [0; BLOCK];
        random.fill(&mut salt);
        let (stored, kind, length) = match verifier {
            Verifier::V12 => ([0; 16].map(|_: u8| random.random::<u8>()).to_vec(), KIND_12, 32),
            Verifier::V11 => ([0; 10].map(|_: u8| random.random::<u8>()).to_vec(), KIND_11, 48),
        };
        let password_key = match verifier {
            Verifier::V12 => key_12(password, &stored),
            Verifier::V11 => key_11(password, &stored),
        };
        let mut half = vec![0; length];
        random.fill(&mut half[..]);
        if verifier == Verifier::V11 {
            // The half for this verifier ends in padding.
            half[40..].fill(8);
        }
        let mut pairs = vec![
            ("AUTH_SESSKEY", hex::encode_upper(encrypt(&password_key, &half)), 0),
            ("AUTH_VFR_DATA", hex::encode_upper(&stored), kind),
        ];
        if verifier == Verifier::V12 {
            pairs.push(("AUTH_PBKDF2_CSK_SALT", hex::encode_upper(salt), 0));
            pairs.push(("AUTH_PBKDF2_VGEN_COUNT", VERIFIER_ROUNDS.to_string(), 0));
            pairs.push(("AUTH_PBKDF2_SDER_COUNT", KEY_ROUNDS.to_string(), 0));
        }
        pairs.push(("AUTH_GLOBALLY_UNIQUE_DBID\0", "00".repeat(16), 0));
        (Self { account, password_key, half, salt }, pairs)
    }

    /// The account, and the server's proof, if the client knows its password.
    pub(super) fn verify(self, sent: &HashMap<String, String>) -> Option<(Account, String)> {
        let bytes = |name: &str| sent.get(name).and_then(|text| hex::decode(text).ok());
        let account = self.account.as_ref()?;
        let other_half = decrypt(&self.password_key, &bytes("AUTH_SESSKEY")?)?;
        let key = match account.verifier {
            Verifier::V12 => self.session_key_12(&other_half)?,
            Verifier::V11 => self.session_key_11(&other_half)?,
        };
        let password = decrypt(&key, &bytes("AUTH_PASSWORD")?)?;
        let padding = usize::from(*password.last()?);
        let end = password.len().checked_sub(padding).filter(|end| *end >= BLOCK && padding <= BLOCK)?;
        if &password[BLOCK..end] != account.password.as_bytes() {
            return None;
        }
        let mut proof = [0; 2 * BLOCK];
        rand::rng().fill(&mut proof[..BLOCK]);
        proof[BLOCK..].copy_from_slice(PROOF);
        let proof = hex::encode_upper(encrypt_padded(&key, &proof));
        self.account.map(|account| (account, proof))
    }

    fn session_key_12(&self, other_half: &[u8]) -> Option<Vec<u8>> {
        let mut both = other_half.get(..32)?.to_vec();
        both.extend(&self.half);
        let mut key = vec![0; 32];
        pbkdf2::pbkdf2_hmac::<Sha512>(hex::encode_upper(both).as_bytes(), &self.salt, KEY_ROUNDS, &mut key);
        Some(key)
    }

    fn session_key_11(&self, other_half: &[u8]) -> Option<Vec<u8>> {
        let mixed: Vec<u8> = other_half.get(16..40)?.iter().zip(&self.half[16..40]).map(|(a, b)| a ^ b).collect();
        let mut key = md5::Md5::digest(&mixed[..16]).to_vec();
        key.extend(md5::Md5::digest(&mixed[16..]));
        key.truncate(24);
        Some(key)
    }
}

fn key_12(password: &[u8], stored: &[u8]) -> Vec<u8> {
    let mut salt = stored.to_vec();
    salt.extend(b"AUTH_PBKDF2_SPEEDY_KEY");
    let mut hashed = [0; 64];
    pbkdf2::pbkdf2_hmac::<Sha512>(password, &salt, VERIFIER_ROUNDS, &mut hashed);
    let mut digest = Sha512::new();
    digest.update(hashed);
    digest.update(stored);
    digest.finalize()[..32].to_vec()
}

fn key_11(password: &[u8], stored: &[u8]) -> Vec<u8> {
    let mut digest = sha1::Sha1::new();
    sha1::Digest::update(&mut digest, password);
    sha1::Digest::update(&mut digest, stored);
    let mut key = sha1::Digest::finalize(digest).to_vec();
    key.resize(24, 0);
    key
}

/// AES in CBC mode, with 256 bits for 12c and 192 for 11g.
fn encrypt(key: &[u8], plain: &[u8]) -> Vec<u8> {
    let iv = [0; BLOCK];
    match (<&[u8; 32]>::try_from(key), <&[u8; 24]>::try_from(key)) {
        (Ok(key), _) => {
            cbc::Encryptor::<aes::Aes256>::new(key.into(), &iv.into()).encrypt_padded_vec::<NoPadding>(plain)
        }
        (_, Ok(key)) => {
            cbc::Encryptor::<aes::Aes192>::new(key.into(), &iv.into()).encrypt_padded_vec::<NoPadding>(plain)
        }
        _ => Vec::new(),
    }
}

fn encrypt_padded(key: &[u8], plain: &[u8]) -> Vec<u8> {
    let iv = [0; BLOCK];
    match (<&[u8; 32]>::try_from(key), <&[u8; 24]>::try_from(key)) {
        (Ok(key), _) => cbc::Encryptor::<aes::Aes256>::new(key.into(), &iv.into()).encrypt_padded_vec::<Pkcs7>(plain),
        (_, Ok(key)) => cbc::Encryptor::<aes::Aes192>::new(key.into(), &iv.into()).encrypt_padded_vec::<Pkcs7>(plain),
        _ => Vec::new(),
    }
}

fn decrypt(key: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
    let iv = [0; BLOCK];
    let plain = match (<&[u8; 32]>::try_from(key), <&[u8; 24]>::try_from(key)) {
        (Ok(key), _) => {
            cbc::Decryptor::<aes::Aes256>::new(key.into(), &iv.into()).decrypt_padded_vec::<NoPadding>(sealed)
        }
        (_, Ok(key)) => {
            cbc::Decryptor::<aes::Aes192>::new(key.into(), &iv.into()).decrypt_padded_vec::<NoPadding>(sealed)
        }
        _ => return None,
    };
    plain.ok()
}
