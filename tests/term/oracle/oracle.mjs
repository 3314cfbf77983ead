// The model against a terminal emulator that is not ours: for each recording of the corpus, at 50
// moments, @xterm/headless that saw every byte must equal a fresh one that was fed the model's
// snapshot: cell by cell, attribute by attribute, cursor, modes, saved cursor, margins, tab stops,
// character sets, titles and scrollback. For some moments both are then fed the rest and compared
// again.
//
//     node oracle.mjs TERM-ORACLE CORPUS [NAME…]
//
// Exit status 77 (skipped) when the packages cannot be had.

import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

const MOMENTS = 50;
const SCROLLBACK = 500;
const require = createRequire(path.join(process.cwd(), 'x.js'));
const { Terminal } = require('@xterm/headless');
const { SerializeAddon } = require('@xterm/addon-serialize');
const { Unicode11Addon } = require('@xterm/addon-unicode11');

// DIFFERENCES: where xterm.js does otherwise than ctlseqs and xterm, or nothing at all. The recordings
// of real programs are compared whole. The hand-written ones keep clear of these, or say in corpus.json
// what is not compared.
//
//   erasing at a pending wrap     erases nothing and keeps the wrap; xterm ends the wrap
//   SU, SD                        fill with the default background, and SU drops lines that xterm keeps
//   CBT at a pending wrap         does nothing
//   CHA and others, origin mode   add the top margin to the row each time
//   DECALN                        uses the pen and keeps the margins
//   DECSC, DECRC                  without origin mode, underline style and colour, hyperlink, all four
//                                 character sets; the row scrolls with the text
//   DECSTR                        saves the length of the scrollback as the row
//   margins, tab stops            are each screen's own
//   mouse encodings               resetting any resets the one in force
//   no autowrap, ICH              leave halves of wide characters
//   links                         are forgotten when the line that had them first is deleted
//   a mark in column 0            becomes a cell without width
//   a line feed                   ends the wrap of the line that it comes to (`wrapped`, `serialized`)
//   UTF-8                         drops bad bytes, and characters that two writes cut: decoded below
//   not there                     DECLRMM, kitty keyboard, modifyOtherKeys, 2027, 2031, hyperlink ids

const [program, corpus, ...names] = process.argv.slice(2);

// Decoded here: xterm.js loses characters that two writes cut, and drops bytes that are not UTF-8.
function write(terminal, data) {
  return new Promise((resolve) => terminal.write(terminal.decoder.decode(data, { stream: true }), resolve));
}

function create(rows, cols) {
  const terminal = new Terminal({ rows, cols, scrollback: SCROLLBACK, allowProposedApi: true,
    windowOptions: { pushTitle: true, popTitle: true }, logLevel: 'off' });
  terminal.loadAddon(new Unicode11Addon());
  terminal.unicode.activeVersion = '11';
  terminal.decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  terminal.serializer = new SerializeAddon();
  terminal.loadAddon(terminal.serializer);
  return terminal;
}

// Colours as the model has them: 3n and 38;5;n are the same, and 59 is as good as never set.
const INDEXED_16 = 1 << 24, INDEXED_256 = 2 << 24, RGB = 3 << 24;
function colour(mode, value) {
  if (mode === INDEXED_16 || mode === INDEXED_256) return `${value}`;
  return mode === RGB ? `#${value.toString(16)}` : '';
}

function underline(extended) {
  const set = extended.underlineColor;
  const mode = set & (3 << 24);
  // Without one it is the foreground's, which xterm.js has in several ways.
  if (mode === 0 || (set & 0x3ffffff) === 0x3ffffff) return `${extended.underlineStyle}`;
  return `${extended.underlineStyle} ${colour(mode, mode === RGB ? set & 0xffffff : set & 0xff)}`;
}

function describeCell(core, cell) {
  const chars = cell.getChars() || ' ';
  // The column that a wide character left free when it wrapped is erased, in xterm.js in the pen's style.
  const decorated = cell.getChars() !== '' &&
    (cell.isInverse() || cell.isUnderline() || cell.isStrikethrough() || cell.isOverline());
  const blank = chars === ' ' && !decorated;
  const link = cell.getChars() !== '' && cell.extended.urlId
    ? core._oscLinkService.getLinkData(cell.extended.urlId)?.uri ?? '' : '';
  // What has no ink has no foreground and no weight.
  return [
    chars, cell.getWidth(),
    blank ? '' : colour(cell.getFgColorMode(), cell.getFgColor()),
    colour(cell.getBgColorMode(), cell.getBgColor()),
    blank ? '' : ['Bold', 'Dim', 'Italic', 'Blink', 'Invisible'].map((a) => (cell[`is${a}`]() ? a : '')).join(''),
    decorated ? ['Inverse', 'Strikethrough', 'Overline'].map((a) => (cell[`is${a}`]() ? a : '')).join('') : '',
    decorated && cell.isUnderline() ? underline(cell.extended) : '',
    link,
  ].join('|');
}

const FLAGS = ['Bold', 'Dim', 'Italic', 'Blink', 'Invisible', 'Inverse', 'Strikethrough', 'Overline', 'Underline'];
function attribute(attr) {
  return [
    colour(attr.getFgColorMode(), attr.getFgColor()), colour(attr.getBgColorMode(), attr.getBgColor()),
    FLAGS.filter((name) => attr[`is${name}`]()).join(' '),
    attr.isUnderline() ? underline(attr.extended) : '',
  ].join(',');
}

function charset(set) {
  return set ? Object.keys(set).length : 0;
}

function describe(terminal) {
  const core = terminal._core;
  const state = {};
  const describeBuffer = (name, buffer, inner) => {
    for (let y = 0; y < buffer.length; y++) {
      const line = buffer.getLine(y);
      // From the top of the screen: the two may hold different lengths of scrollback.
      const row = y - inner.ybase;
      let text = '';
      for (let x = 0; x < terminal.cols; x++) {
        const cell = describeCell(core, line.getCell(x));
        state[`${name} ${row},${x}`] = cell;
        text += line.getCell(x).getChars() || ' ';
      }
      state[`${name} ${row} text`] = text;
      if (line.isWrapped) state[`${name} ${row} wrapped`] = true;
    }
  };
  const set = core._bufferService.buffers;
  describeBuffer('main', terminal.buffer.normal, set.normal);
  const alternate = terminal.buffer.active.type === 'alternate';
  if (alternate) describeBuffer('alternate', terminal.buffer.alternate, set.alt);
  const active = core._bufferService.buffer;
  state.screen = terminal.buffer.active.type;
  state.cursor = `${active.y},${active.x}`;
  // On the main screen xterm.js lets the saved row scroll away with the text.
  state.saved = `${alternate ? active.savedY : ''},${active.savedX} ${attribute(active.savedCurAttrData)} ${charset(active.savedCharset)}`;
  // In use only when the alternate screen is left.
  if (alternate) state['saved on main'] = `${set.normal.savedY - set.normal.ybase},${set.normal.savedX}`;
  state.margins = `${active.scrollTop},${active.scrollBottom}`;
  state.tabs = Object.keys(active.tabs).filter((x) => active.tabs[x] && +x < terminal.cols && +x > 0).join();
  state.pen = attribute(core._inputHandler._curAttrData);
  const url = core._inputHandler._curAttrData.extended.urlId;
  state.link = url ? core._oscLinkService.getLinkData(url)?.uri : '';
  const modes = { ...terminal.modes };
  state.modes = JSON.stringify(modes);
  state.private = JSON.stringify(core.coreService.decPrivateModes);
  state.hidden = core.coreService.isCursorHidden;
  state.mouse = `${core.coreMouseService.activeProtocol} ${core.coreMouseService.activeEncoding}`;
  state.charsets = `${core._charsetService.glevel} ${[0, 1, 2, 3].map((i) => charset(core._charsetService._charsets?.[i]))}`;
  state.title = core._inputHandler._windowTitle;
  state.titles = core._inputHandler._windowTitleStack.join('|');
  // Its own opinion of what is to be seen, in its own spelling of colours.
  state.serialized = terminal.serializer.serialize({ scrollback: 0 }).replace(/\x1b\[[0-9;:]*m/g, '');
  return state;
}

function compare(expected, found, ignore) {
  const problems = [];
  for (const key of new Set([...Object.keys(expected), ...Object.keys(found)])) {
    if (expected[key] === found[key]) continue;
    if (ignore.some((pattern) => pattern.test(key))) continue;
    problems.push(`${key}: ${JSON.stringify(expected[key])} but ${JSON.stringify(found[key])}`);
  }
  return problems;
}

// A small generator, so that the moments are the same everywhere.
function moments(size, seed) {
  const result = new Set([size]);
  let state = seed;
  while (result.size < Math.min(MOMENTS, size)) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    result.add(1 + (state % size));
  }
  return [...result].sort((a, b) => a - b);
}

function snapshots(file, rows, columns, offsets) {
  const output = execFileSync(program, [file, rows, columns, SCROLLBACK, ...offsets].map(String),
    { maxBuffer: 1 << 30 });
  const result = [];
  for (let at = 0; at < output.length;) {
    const newline = output.indexOf(10, at);
    const length = +output.toString('latin1', at, newline);
    result.push(output.subarray(newline + 1, newline + 1 + length));
    at = newline + 1 + length;
  }
  return result;
}

const settings = JSON.parse(readFileSync(path.join(corpus, 'corpus.json')));
let failed = 0, compared = 0;
for (const name of names.length ? names : readdirSync(corpus).sort()) {
  if (name === 'corpus.json') continue;
  const { rows = 24, columns = 80, ignore = [] } = settings[name] ?? {};
  const file = path.join(corpus, name);
  const data = readFileSync(file);
  const offsets = moments(data.length, data.length);
  const taken = snapshots(file, rows, columns, offsets);
  const patterns = ignore.map((text) => new RegExp(text));
  const whole = create(rows, columns);
  let at = 0, bad = 0;
  for (let i = 0; i < offsets.length; i++) {
    await write(whole, data.subarray(at, offsets[i]));
    at = offsets[i];
    const joined = create(rows, columns);
    await write(joined, taken[i]);
    let problems = compare(describe(whole), describe(joined), patterns);
    compared++;
    if (problems.length === 0 && i % 8 === 0) {
      const other = create(rows, columns);
      await write(other, data);
      await write(joined, data.subarray(at));
      problems = compare(describe(other), describe(joined), patterns).map((p) => `at the end: ${p}`);
      other.dispose();
    }
    joined.dispose();
    if (problems.length) {
      bad++;
      if (bad <= 2) {
        console.log(`${name} at ${offsets[i]} of ${data.length}: ${problems.length} differences`);
        for (const problem of problems.slice(0, 8)) console.log(`    ${problem}`);
      }
    }
  }
  whole.dispose();
  console.log(`${bad ? 'not ok' : 'ok'} ${name}: ${offsets.length - bad} of ${offsets.length} moments`);
  failed += bad;
}
console.log(`${compared} moments compared, ${failed} differ`);
process.exit(failed ? 1 : 0);
