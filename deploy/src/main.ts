import { createApp } from './app.ts'
import { readContext } from './context.ts'
import { readParameters } from './parameters.ts'
import { TriggersStack } from './stack.ts'

const app = createApp()
new TriggersStack(app, readParameters(readContext(app.node)))
app.synth()
