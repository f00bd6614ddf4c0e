import { defineConfig } from 'eslint/config'
import root from '../eslint.config.js'

export default defineConfig({ ignores: ['eslint.config.js', 'cdk.out'] }, root)
