import js from '@eslint/js'
import { defineConfig } from 'eslint/config'
import tseslint from 'typescript-eslint'

/**
 * The direction of dependencies, `server → app → routes → domain → (port) ← dynamodb → AWS`:
 * for each folder of src/, what it must not import.
 */
const AWS = ['@aws-sdk/*', '@smithy/*']
const FASTIFY = ['fastify', '@fastify/*']
const ENTRIES = ['**/server.ts', '**/service.ts', '**/app.ts']
const FORBIDDEN_IMPORTS = {
  schemas: [
    ...AWS,
    ...FASTIFY,
    ...ENTRIES,
    '**/domain/**',
    '**/dynamodb/**',
    '**/plugins/**',
    '**/routes/**',
  ],
  domain: [...AWS, ...FASTIFY, ...ENTRIES, '**/dynamodb/**', '**/plugins/**', '**/routes/**', '**/config.ts'],
  dynamodb: [...FASTIFY, ...ENTRIES, '**/plugins/**', '**/routes/**', '**/config.ts'],
  plugins: [...AWS, ...ENTRIES, '**/dynamodb/**', '**/routes/**'],
  routes: [...AWS, ...ENTRIES, '**/dynamodb/**', '**/config.ts'],
  metrics: [
    ...FASTIFY,
    ...ENTRIES,
    '@opentelemetry/*',
    '**/dynamodb/**',
    '**/plugins/**',
    '**/routes/**',
    '**/config.ts',
  ],
  telemetry: [
    ...FASTIFY,
    ...ENTRIES,
    '@aws-sdk/*',
    '**/dynamodb/**',
    '**/plugins/**',
    '**/routes/**',
    '**/config.ts',
  ],
  logging: [
    ...AWS,
    ...FASTIFY,
    ...ENTRIES,
    '**/dynamodb/**',
    '**/plugins/**',
    '**/routes/**',
    '**/config.ts',
  ],
  cli: ['**/routes/**'],
}

export default defineConfig(
  // deploy/ has an install and a check of its own.
  { ignores: ['node_modules', '.tap', '.data', 'deploy'] },
  js.configs.recommended,
  tseslint.configs.strictTypeChecked,
  {
    languageOptions: {
      parserOptions: {
        projectService: { allowDefaultProject: ['eslint.config.js', 'src/compile-cache.js'] },
      },
    },
    rules: {
      eqeqeq: 'error',
      'no-console': 'error',
      'max-lines': ['error', { max: 200, skipComments: true, skipBlankLines: true }],
      'max-lines-per-function': ['error', { max: 40, skipComments: true, skipBlankLines: true }],
      // Numbers in messages are fine; objects are what must not be printed by accident.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      // Fastify's plugin and hook signatures are async whether or not they wait for anything.
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/only-throw-error': 'error',
    },
  },
  ...Object.entries(FORBIDDEN_IMPORTS).map(([folder, group]) => ({
    files: [`src/${folder}/**/*.ts`],
    rules: {
      'no-restricted-imports': [
        'error',
        { patterns: [{ group, message: `src/${folder} must not know it.` }] },
      ],
    },
  })),
  {
    // Only the configuration reads the environment.
    files: ['src/**/*.ts'],
    ignores: ['src/config.ts', 'src/service.ts', 'src/cli/**'],
    rules: {
      'no-restricted-properties': [
        'error',
        { object: 'process', property: 'env', message: 'Read src/config.ts.' },
      ],
    },
  },
  {
    files: ['src/routes/**/*.ts'],
    rules: { 'max-lines-per-function': ['error', { max: 90, skipComments: true, skipBlankLines: true }] },
  },
  {
    files: ['src/cli/**/*.ts', 'test/**/*.ts', 'bench/**/*.ts', 'examples/**/*.ts', 'tools/**/*.ts'],
    rules: { 'no-console': 'off' },
  },
  {
    files: ['test/**/*.ts'],
    rules: {
      'max-lines': 'off',
      'max-lines-per-function': 'off',
      // tap returns a promise from every test that a file may leave unawaited.
      '@typescript-eslint/no-floating-promises': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
    },
  },
)
