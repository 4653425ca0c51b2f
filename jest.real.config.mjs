import base from "./jest.config.mjs";

/** @type {import('jest').Config} */
export default {
  ...base,
  testMatch: ["<rootDir>/test/real/**/*.real.test.ts"],
  testPathIgnorePatterns: [],
  testTimeout: 120_000,
};
