import { Alarm, ComparisonOperator, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch'
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions'
import type { ITopic } from 'aws-cdk-lib/aws-sns'
import { Construct } from 'constructs'
import { alarmDefinitions, type AlarmDefinition } from './alarm-definitions.ts'
import type { Metrics } from './metrics.ts'
import type { Parameters } from './parameters.ts'

/** What wakes somebody, and tells when it is over. */
export class Alarms extends Construct {
  readonly all: Alarm[]

  constructor(scope: Construct, metrics: Metrics, topic: ITopic, parameters: Parameters) {
    super(scope, 'Alarms')
    const action = new SnsAction(topic)
    this.all = Object.entries(alarmDefinitions(metrics, parameters)).map(([name, definition]) => {
      const alarm = this.#create(name, definition)
      alarm.addAlarmAction(action)
      alarm.addOkAction(action)
      return alarm
    })
  }

  #create(name: string, { metric, above, below, points, missingIsBad, tells }: AlarmDefinition): Alarm {
    const [datapointsToAlarm, evaluationPeriods] = points
    return new Alarm(this, name, {
      metric,
      threshold: above ?? below ?? 0,
      comparisonOperator:
        above === undefined
          ? ComparisonOperator.LESS_THAN_THRESHOLD
          : ComparisonOperator.GREATER_THAN_THRESHOLD,
      datapointsToAlarm,
      evaluationPeriods,
      treatMissingData: missingIsBad ? TreatMissingData.BREACHING : TreatMissingData.NOT_BREACHING,
      alarmDescription: tells,
    })
  }
}
