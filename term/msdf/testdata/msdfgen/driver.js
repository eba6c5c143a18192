// Makes msdfgen callable from another program: one JSON object a line on standard
// input, {"shape": ..., "options": ..., "repeat": n}, one on standard output,
// {"pixels": base64 of RGB, bottom row first, "nanoseconds": of one of n calls}. Ends
// with its input.
'use strict';

const { generateMSDF } = require('./msdfgen.node');
const lines = require('node:readline').createInterface({ input: process.stdin });

lines.on('line', (line) => {
  let answer;
  try {
    const { shape, options, repeat } = JSON.parse(line);
    let pixels;
    const begin = process.hrtime.bigint();
    for (let i = 0; i < repeat; i++) pixels = generateMSDF(shape, options);
    const nanoseconds = Number(process.hrtime.bigint() - begin) / repeat;
    answer = { pixels: pixels.toString('base64'), nanoseconds };
  } catch (e) {
    answer = { error: String(e) };
  }
  process.stdout.write(JSON.stringify(answer) + '\n');
});
