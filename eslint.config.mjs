// Lint rules for all JavaScript; the format is Prettier's business.

import js from '@eslint/js';
import globals from 'globals';

export default [
  { ignores: ['target/**', 'benchmark/results/**', '.cache/**', 'examples/*/dist/**'] },
  js.configs.recommended,
  {
    languageOptions: { ecmaVersion: 2024, globals: { ...globals.node, WebAssembly: 'writable' } },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      'no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      'no-var': 'error',
      'prefer-const': 'error',
      eqeqeq: 'error',
      'object-shorthand': 'error',
    },
  },
  { files: ['**/*.js', '**/*.cjs'], languageOptions: { sourceType: 'commonjs' } },
];
