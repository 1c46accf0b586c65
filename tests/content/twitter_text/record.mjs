// Records what X's own library makes of many texts, for tests/content/test_tags.py:
//
//     cd "$(mktemp -d)" && npm install twitter-text@3.1.0
//     cp …/tests/content/twitter_text/record.mjs . && node record.mjs > …/tests/content/twitter_text/recorded.json
//
// Of each text: where its hashtags are, where its addresses are, and where its mentions begin, in code points.

import twitter from "twitter-text";

const PIECES = [
  "#", "#", "#", "＃", "@", "@", "＠", "&", " ", "\n", ".", "/", "://", ":", "-", "+", "~", "_", "'", "(", "!", "}",
  "a", "Z", "é", "ß", "7", "²", "½", "tag", "Tag", "RT", "rt:", "name", "https://", "example.org", "t.co/x", ".com",
  "किसान", "ไทย", "தமிழ்", "বাংলা", "زن\u200cزن", "حُرّ", "自由", "한국", "й", "Ж", "·", "・", "\u200d", "\u200c", "\u200b",
  "\ufe0f", "\ufe0e", "\u20e3", "\u0301", "e\u0301", "\u00ad", "\u2060", "\ufffd", "٣", "５", "😀", "𝒜", "𞤀", "☭", "…", "“", "\u{20000}",
  "\u202f", "、", "゠", "ꙮ", "〜", "～", "„",
];
const OWN = [
  "#StandWithBelarus", "#किसान_आंदोलन", "#เสรีภาพ", "#தமிழ்", "#বাংলাদেশ", "#il·lusió", "#زن‌زندگی", "#حُرّيّة", "#Solidarite\u0301",
  "#Solidarité", "＃自由", "#2020", "#2020a", "#_", "#a-b", "##a", "#", "#a#b", "a#b", "·#a", "・#a", "&#a", "/#a", "#a://", "#a:/", "#a\ufe0f",
  "\ufe0f#b", "#a\ufe0f#b", "#a\u0301", "#a\u200d", "#a・", "#\ufe0fa", "#\u20e3a", "#a😀", "😀#a", "(#a)", "#a’s", "#²", "#a²", "#½", "#ß",
  "https://example.org/#a", "https://example.org/x#a #b", "example.org#a", "RT@someone", "RT: @a", "xRT@a", "https://@someone",
  "https://example.org/@a", "a@b", "é@b", "@a@b", "@é", "@aé", "@a://", "@ a", ".@a", "!@a", "@a/list", "me@example.org", "＠a", "@abcdefghijklmnopqrstuvw",
];

let seed = 9;
const random = (most) => (seed = (seed * 48271) % 2147483647) % most;
const made = Array.from({ length: 600 }, () =>
  Array.from({ length: 2 + random(7) }, () => PIECES[random(PIECES.length)]).join(""));

const points = (text, at) => [...text.slice(0, at)].length;
const spans = (text, found) => found.map(({ indices }) => indices.map((at) => points(text, at)));
const recorded = [...new Set([...OWN, ...made])].map((text) => {
  const entities = twitter.extractEntitiesWithIndices(text, { extractUrlsWithoutProtocol: true });
  return [
    text,
    spans(text, entities.filter((each) => each.hashtag)),
    spans(text, twitter.extractUrlsWithIndices(text)),
    spans(text, entities.filter((each) => each.screenName)).map(([at]) => at),
  ];
});

const kinds = [];
for (let code = 0; code < 0x110000; code++) {
  const one = code >= 0xd800 && code < 0xe000 ? "-" : String.fromCodePoint(code);
  const belongs = twitter.extractHashtags("#a" + one)[0] === "a" + one;
  const alone = twitter.extractHashtags("#" + one)[0] === one;
  const kind = alone ? "letter" : belongs ? "other" : "";
  const last = kinds.at(-1);
  if (last && last[2] === kind) last[1] = code;
  else kinds.push([code, code, kind]);
}

const ascii = (value) => JSON.stringify(value).replace(/[\u007f-\uffff]/g, (each) => "\\u" + each.charCodeAt(0).toString(16).padStart(4, "0"));
const lines = (values) => values.map(ascii).join(",\n");
const hex = ([first, last]) => (first === last ? "" : first.toString(16) + "-") + last.toString(16);
const ranges = (wanted) => kinds.filter(([, , kind]) => kind === wanted).map(hex).join(" ");
console.log(`{"letter": "${ranges("letter")}",\n"other": "${ranges("other")}",\n"texts": [\n${lines(recorded)}\n]}`);
