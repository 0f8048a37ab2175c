#!/usr/bin/env node
/** The program; argv becomes a command. */
console.log("backend");
