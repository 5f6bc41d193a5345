//! Reads as much of WIT as the contract uses: interfaces of records, variants, enumerations, other names and functions.

use anyhow::{Result, bail};

/// The contract as it stands in its file.
pub struct Contract {
    /// `relevo:flow` and `0.1.0-draft`.
    package: (String, String),
    pub interfaces: Vec<Interface>,
    /// The interfaces that some world exports: a plugin offers them.
    pub exports: Vec<String>,
}

pub struct Interface {
    pub docs: Vec<String>,
    pub name: String,
    /// Names of other interfaces, and what is taken from each.
    pub uses: Vec<(String, Vec<String>)>,
    pub items: Vec<Item>,
    pub functions: Vec<Function>,
}

pub struct Item {
    pub docs: Vec<String>,
    pub name: String,
    pub kind: Kind,
}

pub enum Kind {
    Alias(Type),
    Record(Vec<(String, Type)>),
    Enum(Vec<String>),
    Variant(Vec<(String, Option<Type>)>),
}

pub struct Function {
    pub docs: Vec<String>,
    pub name: String,
    pub arguments: Vec<(String, Type)>,
    pub result: Option<Type>,
}

/// A name, and what stands between its angle brackets.
#[derive(Clone)]
pub struct Type {
    pub name: String,
    pub of: Vec<Self>,
}

impl Contract {
    /// The name by which a flow imports an interface.
    pub fn module(&self, interface: &str) -> String {
        format!("{}/{interface}@{}", self.package.0, self.package.1)
    }
}

struct Reader<'a> {
    tokens: Vec<(usize, Token<'a>)>,
    at: usize,
}

#[derive(Clone, Copy, PartialEq, Debug)]
enum Token<'a> {
    Doc(&'a str),
    Word(&'a str),
    Sign(char),
}

pub fn read(wit: &str) -> Result<Contract> {
    let mut reader = Reader { tokens: tokens(wit), at: 0 };
    let mut contract = Contract { package: (String::new(), String::new()), interfaces: Vec::new(), exports: Vec::new() };
    while reader.at < reader.tokens.len() {
        let docs = reader.docs();
        match reader.word()? {
            "package" => contract.package = reader.package()?,
            "interface" => contract.interfaces.push(reader.interface(docs)?),
            "world" => reader.world(&mut contract.exports)?,
            other => bail!("{} the contract has {other:?}, which is neither package, interface nor world", reader.place()),
        }
    }
    Ok(contract)
}

impl<'a> Reader<'a> {
    fn package(&mut self) -> Result<(String, String)> {
        let namespace = self.word()?;
        self.sign(':')?;
        let name = self.word()?;
        self.sign('@')?;
        let mut version = String::new();
        while !self.takes(';') {
            match self.next()? {
                Token::Word(word) => version.push_str(word),
                Token::Sign(sign) => version.push(sign),
                Token::Doc(_) => {}
            }
        }
        Ok((format!("{namespace}:{name}"), version))
    }

    fn world(&mut self, exports: &mut Vec<String>) -> Result<()> {
        self.word()?;
        self.sign('{')?;
        while !self.takes('}') {
            self.docs();
            let (kind, name) = (self.word()?, self.word()?);
            if kind == "export" && !exports.iter().any(|known| known == name) {
                exports.push(name.to_owned());
            }
            self.sign(';')?;
        }
        Ok(())
    }

    fn interface(&mut self, docs: Vec<String>) -> Result<Interface> {
        let name = self.word()?.to_owned();
        let mut interface = Interface { docs, name, uses: Vec::new(), items: Vec::new(), functions: Vec::new() };
        self.sign('{')?;
        while !self.takes('}') {
            let docs = self.docs();
            let word = self.word()?;
            if word == "use" {
                let from = self.word()?.to_owned();
                self.sign('.')?;
                let names = self.listed('{', '}', |reader| Ok(reader.word()?.to_owned()))?;
                self.sign(';')?;
                interface.uses.push((from, names));
            } else if self.takes(':') {
                interface.functions.push(self.function(docs, word)?);
            } else {
                let name = self.word()?.to_owned();
                let kind = self.kind(word)?;
                interface.items.push(Item { docs, name, kind });
            }
        }
        Ok(interface)
    }

    fn kind(&mut self, word: &str) -> Result<Kind> {
        Ok(match word {
            "type" => {
                self.sign('=')?;
                let of = self.of()?;
                self.sign(';')?;
                Kind::Alias(of)
            }
            "record" => Kind::Record(self.listed('{', '}', Self::field)?),
            "enum" => Kind::Enum(self.listed('{', '}', |reader| Ok(reader.word()?.to_owned()))?),
            "variant" => Kind::Variant(self.listed('{', '}', |reader| {
                let name = reader.word()?.to_owned();
                let of = if reader.takes('(') { Some(reader.of()?) } else { None };
                if of.is_some() {
                    reader.sign(')')?;
                }
                Ok((name, of))
            })?),
            other => bail!("{} the contract has {other:?}, which is not known here", self.place()),
        })
    }

    fn function(&mut self, docs: Vec<String>, name: &str) -> Result<Function> {
        let word = self.word()?;
        if word != "func" {
            bail!("{} {name} is {word:?}, not a function", self.place());
        }
        let arguments = self.listed('(', ')', Self::field)?;
        let result = if self.takes('-') {
            self.sign('>')?;
            Some(self.of()?)
        } else {
            None
        };
        self.sign(';')?;
        Ok(Function { docs, name: name.to_owned(), arguments, result })
    }

    fn field(&mut self) -> Result<(String, Type)> {
        let name = self.word()?.to_owned();
        self.sign(':')?;
        Ok((name, self.of()?))
    }

    fn of(&mut self) -> Result<Type> {
        let name = self.word()?.to_owned();
        let starts = self.tokens.get(self.at).is_some_and(|(_, token)| *token == Token::Sign('<'));
        let of = if starts { self.listed('<', '>', Self::of)? } else { Vec::new() };
        Ok(Type { name, of })
    }

    /// Items between two signs, a comma between each; their documentation is left out.
    fn listed<T>(&mut self, open: char, close: char, mut item: impl FnMut(&mut Self) -> Result<T>) -> Result<Vec<T>> {
        self.sign(open)?;
        let mut items = Vec::new();
        loop {
            self.docs();
            if self.takes(close) {
                return Ok(items);
            }
            items.push(item(self)?);
            if !self.takes(',') {
                self.docs();
                self.sign(close)?;
                return Ok(items);
            }
        }
    }

    fn docs(&mut self) -> Vec<String> {
        let mut docs = Vec::new();
        while let Some((_, Token::Doc(line))) = self.tokens.get(self.at) {
            docs.push((*line).to_owned());
            self.at += 1;
        }
        docs
    }

    fn next(&mut self) -> Result<Token<'a>> {
        let Some((_, token)) = self.tokens.get(self.at) else { bail!("the contract ends in the middle") };
        self.at += 1;
        Ok(*token)
    }

    fn word(&mut self) -> Result<&'a str> {
        match self.next()? {
            // A keyword that is a name.
            Token::Sign('%') => self.word(),
            Token::Word(word) => Ok(word),
            other => bail!("{} the contract has {other:?} where a name is wanted", self.place()),
        }
    }

    fn sign(&mut self, sign: char) -> Result<()> {
        match self.next()? {
            Token::Sign(found) if found == sign => Ok(()),
            other => bail!("{} the contract has {other:?} where {sign:?} is wanted", self.place()),
        }
    }

    fn takes(&mut self, sign: char) -> bool {
        let found = self.tokens.get(self.at).is_some_and(|(_, token)| *token == Token::Sign(sign));
        self.at += usize::from(found);
        found
    }

    /// Of the last token.
    fn place(&self) -> String {
        let line = self.tokens.get(self.at.saturating_sub(1)).map_or(0, |(line, _)| *line);
        format!("line {line}:")
    }
}

fn tokens(wit: &str) -> Vec<(usize, Token<'_>)> {
    let mut tokens = Vec::new();
    for (index, line) in wit.lines().enumerate() {
        let number = index + 1;
        let line = line.trim();
        if let Some(doc) = line.strip_prefix("///") {
            tokens.push((number, Token::Doc(doc.trim())));
            continue;
        }
        let mut rest = line.split("//").next().unwrap_or_default();
        while let Some(first) = rest.chars().next() {
            let is_part = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_';
            let end = rest.find(|letter| !is_part(letter)).unwrap_or(rest.len());
            if first.is_ascii_alphanumeric() || first == '_' {
                tokens.push((number, Token::Word(&rest[..end])));
                rest = &rest[end..];
            } else {
                if !first.is_whitespace() {
                    tokens.push((number, Token::Sign(first)));
                }
                rest = &rest[first.len_utf8()..];
            }
        }
    }
    tokens
}
