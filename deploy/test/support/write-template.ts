/** `npm run template`: writes the template that reviewers read anew. */
import { writeFileSync } from 'node:fs'
import { synthesize, TEMPLATE_FILE, templateText } from './synthesize.ts'

writeFileSync(TEMPLATE_FILE, templateText(synthesize()))
