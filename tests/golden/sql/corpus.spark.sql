WITH _facts /* facts in the form in which they are reckoned with */ AS (
  SELECT
    `id`,
    `loss`,
    `paid`,
    `injury`,
    `tone`,
    `note`,
    `tags`,
    `due`,
    `score`,
    CASE
      WHEN `paid` BETWEEN -99999999999 AND 99999999999
      THEN CAST(CAST(`paid` AS DECIMAL(30, 4)) * 10000 AS DECIMAL(38, 0))
    END AS `_paid`, /* paid, in 1/10000 USD */
    CASE
      WHEN `loss` BETWEEN -99999999999 AND 99999999999
      THEN CAST(CAST(`loss` AS DECIMAL(30, 4)) * 10000 AS DECIMAL(38, 0))
    END AS `_loss`, /* loss, in 1/10000 USD */
    CAST(DATEDIFF(CAST(`due` AS DATE), CAST('0001-01-01' AS DATE)) + 1 AS DECIMAL(38, 0)) AS `_due`, /* due, in days since 0001-01-01, which is 1 */
    COALESCE(
      CASE
        WHEN `score` BETWEEN -999999999999999 AND 999999999999999
        THEN CAST(CAST(`score` AS DECIMAL(30, 0)) AS DECIMAL(38, 0))
      END,
      2
    ) AS `_score` /* score, as a whole number */
  FROM incidents
), _rules /* whether each rule holds: TRUE, FALSE, or NULL for want of a fact; and whether the row is sound */ AS (
  SELECT
    *,
    (
      `_paid` * 2
    ) > (
      3 * `_loss`
    )
    AND (
      `tone` COLLATE UTF8_BINARY
    ) <> 'furious' AS `_r1`, /* overpaid: paid > 1.5 * loss and tone <= cross */
    `loss` <= 50
    AND (
      `tone` COLLATE UTF8_BINARY
    ) = 'calm'
    AND CAST(CARDINALITY(`tags`) AS DECIMAL(38, 0)) >= 1 AS `_r2`, /* small: loss <= 50 USD and tone = calm and count(tags) >= 1 */
    (
      739941 - `_due`
    ) > 30
    OR CASE
      WHEN `_score` = 0
      THEN NULL
      WHEN `_score` > 0
      THEN `_loss` > (
        200000 * `_score`
      )
      WHEN `_score` < 0
      THEN `_loss` < (
        200000 * `_score`
      )
    END AS `_r3`, /* late: days_since(due) > 30 or loss / score > 20 USD */
    CONTAINS(`note` COLLATE UTF8_BINARY, 's') AND NOT `injury` IS NULL AS `_r4`, /* noted: note contains 's' and injury is known */
    ARRAY_CONTAINS(`tags`, `note`) AS `_r5`, /* tagged: tags contains note */
    NOT `loss` IS NULL
    AND NOT `paid` IS NULL
    AND NOT `tone` IS NULL
    AND NOT `note` IS NULL
    AND NOT `tags` IS NULL
    AND NOT `due` IS NULL AS `_known_1`, /* every fact is known */
    COALESCE(
      `loss` >= 0
      AND CASE
        WHEN NOT `loss` BETWEEN -99999999999 AND 99999999999
        THEN FALSE
        ELSE CAST(`loss` AS DECIMAL(30, 4)) = `loss`
      END
      AND `paid` >= 0
      AND CASE
        WHEN NOT `paid` BETWEEN -99999999999 AND 99999999999
        THEN FALSE
        ELSE CAST(`paid` AS DECIMAL(30, 4)) = `paid`
      END
      AND `tone` COLLATE UTF8_BINARY IN ('calm', 'cross', 'furious')
      AND LENGTH(`note`) <= 100000
      AND CARDINALITY(`tags`) <= 1000
      AND NOT EXISTS(`tags`, x -> x IS NULL)
      AND `due` BETWEEN CAST('0001-01-01' AS DATE) AND CAST('9999-12-31' AS DATE)
      AND `due` = CAST(`due` AS DATE)
      AND CASE
        WHEN NOT `score` BETWEEN -999999999999999 AND 999999999999999
        THEN FALSE
        ELSE CAST(`score` AS DECIMAL(30, 0)) = `score`
      END,
      TRUE
    ) AS `_sound` /* every fact is one that a reading takes */
  FROM _facts
), _winners /* by decision: which rule comes first, and what it gives */ AS (
  SELECT
    *,
    CASE WHEN `_r1` THEN 1 WHEN `_r2` THEN 2 WHEN `_r3` THEN 3 ELSE 4 END AS `_w1`, /* refund: the place of the first rule that holds */
    CASE
      WHEN `_r1`
      THEN 'partial'
      WHEN `_r2`
      THEN 'full'
      WHEN `_r3`
      THEN 'credit'
      ELSE 'refer'
    END AS `_o1`, /* refund: what it gives */
    CASE WHEN `_r4` THEN 1 ELSE 2 END AS `_w2`, /* defend: the place of the first rule that holds */
    CASE WHEN `_r4` THEN 'publicly' ELSE 'refer' END AS `_o2`, /* defend: what it gives */
    CASE WHEN `_r5` THEN 1 ELSE 2 END AS `_w3`, /* walk_away: the place of the first rule that holds */
    CASE WHEN `_r5` THEN 'warn' ELSE 'refer' END AS `_o3` /* walk_away: what it gives */
  FROM _rules
), _verdicts /* by decision: whether rules that may hold agree with it */ AS (
  SELECT
    *,
    CASE
      WHEN `_r1`
      THEN FALSE
      WHEN `_r1` IS NULL AND `_o1` <> 'partial'
      THEN TRUE
      WHEN `_r2`
      THEN FALSE
      WHEN `_r2` IS NULL AND `_o1` <> 'full'
      THEN TRUE
      WHEN `_r3`
      THEN FALSE
      WHEN `_r3` IS NULL AND `_o1` <> 'credit'
      THEN TRUE
      ELSE FALSE
    END AS `_u1`, /* refund: a rule before it may hold and disagrees */
    CASE WHEN `_w1` = 1 THEN `_paid` - `_loss` WHEN `_w1` = 2 THEN `_loss` * 3 END AS `_y1_1`, /* refund: refund_amount of the rule that decides */
    `_r1` IS NULL AND `_w1` > 1 AS `_may_1`, /* refund: overpaid may have a say */
    `_r2` IS NULL AND `_w1` > 2 AS `_may_2`, /* refund: small may have a say */
    `_r3` IS NULL AND `_w1` > 3 AS `_may_3`, /* refund: late may have a say */
    CASE
      WHEN `_known_1`
      THEN FALSE
      WHEN `_r4`
      THEN FALSE
      WHEN `_r4` IS NULL AND `_o2` <> 'publicly'
      THEN TRUE
      ELSE FALSE
    END AS `_u2`, /* defend: a rule before it may hold and disagrees */
    `_r4` IS NULL AND `_w2` > 1 AS `_may_4`, /* defend: noted may have a say */
    CASE
      WHEN `_known_1`
      THEN FALSE
      WHEN `_r5`
      THEN FALSE
      WHEN `_r5` IS NULL AND `_o3` <> 'warn'
      THEN TRUE
      ELSE FALSE
    END AS `_u3`, /* walk_away: a rule before it may hold and disagrees */
    `_r5` IS NULL AND `_w3` > 1 AS `_may_5` /* walk_away: tagged may have a say */
  FROM _winners
), _waiting /* by decision: how much waits for each missing fact */ AS (
  SELECT
    *,
    (
      `_w1` IN (1, 2) AND `_y1_1` IS NULL
    )
    OR (
      `_may_1` AND COALESCE(`_y1_1` <> (
        `_paid` - `_loss`
      ), TRUE)
    )
    OR (
      `_may_2` AND COALESCE(`_y1_1` <> (
        `_loss` * 3
      ), TRUE)
    )
    OR (
      `_may_3` AND `_w1` IN (1, 2)
    ) AS `_x1_1`, /* refund: refund_amount is not certain */
    (
      (
        739941 - `_due`
      ) > 30
    ) IS NULL AS `_open_1`, /* late: case 1 waits */
    CASE
      WHEN `_score` = 0
      THEN NULL
      WHEN `_score` > 0
      THEN `_loss` > (
        200000 * `_score`
      )
      WHEN `_score` < 0
      THEN `_loss` < (
        200000 * `_score`
      )
    END IS NULL AS `_open_2`, /* late: case 2 waits */
    NOT `_u1` AND NOT (
      `_w1` = 4
    ) AS `_d1`, /* refund: decided, before red lines */
    CASE
      WHEN `note` IS NULL AND `_u2`
      THEN CASE WHEN `_may_4` THEN 1 ELSE 0 END
      ELSE 0
    END AS `_m2_34`, /* defend: what waits for note */
    NOT `_u2` AND NOT (
      `_w2` = 2
    ) AS `_d2`, /* defend: decided, before red lines */
    (
      `_u2` AND NOT (
        `_w2` < 2
      )
    ) OR `_w2` = 2 AS `_n2`, /* defend: may come to nobody deciding */
    CASE
      WHEN `note` IS NULL AND `_u3`
      THEN CASE WHEN `_may_5` THEN 1 ELSE 0 END
      ELSE 0
    END AS `_m3_34`, /* walk_away: what waits for note */
    CASE
      WHEN `tags` IS NULL AND `_u3`
      THEN CASE WHEN `_may_5` THEN 1 ELSE 0 END
      ELSE 0
    END AS `_m3_35`, /* walk_away: what waits for tags */
    NOT `_u3` AND NOT (
      `_w3` = 2
    ) AS `_d3`, /* walk_away: decided, before red lines */
    (
      `_u3` AND NOT (
        `_w3` < 2
      )
    ) OR `_w3` = 2 AS `_n3`, /* walk_away: may come to nobody deciding */
    `_w1` = 3 OR `_may_3` AS `_maybe_1`, /* refund: may come to credit */
    `_w1` = 1 OR `_may_1` AS `_maybe_2`, /* refund: may come to partial */
    `_w1` = 2 OR `_may_2` AS `_maybe_3`, /* refund: may come to full */
    `_may_1` OR `_may_2` OR `_may_3` AS `_rivals_1` /* refund: rules that may hold have a say */
  FROM _verdicts
), _waiting_2 AS (
  SELECT
    *,
    `_u1` OR (
      NOT `_u1` AND NOT (
        `_w1` = 4
      ) AND `_x1_1`
    ) AS `_doubt_1` /* refund: waits for facts */
  FROM _waiting
), _waiting_3 AS (
  SELECT
    *,
    CASE
      WHEN `loss` IS NULL AND `_doubt_1`
      THEN CASE WHEN `_may_1` THEN 1 ELSE 0 END + CASE WHEN `_may_2` THEN 1 ELSE 0 END + CASE WHEN `_may_3` THEN CASE WHEN `_open_2` THEN 1 ELSE 0 END ELSE 0 END + CASE
        WHEN NOT `_u1` AND NOT (
          `_w1` = 4
        ) AND (
          `_w1` = 1 OR `_may_1`
        )
        THEN 1
        ELSE 0
      END + CASE
        WHEN NOT `_u1` AND NOT (
          `_w1` = 4
        ) AND (
          `_w1` = 2 OR `_may_2`
        )
        THEN 1
        ELSE 0
      END
      ELSE 0
    END AS `_m1_3`, /* refund: what waits for loss */
    CASE
      WHEN `paid` IS NULL AND `_doubt_1`
      THEN CASE WHEN `_may_1` THEN 1 ELSE 0 END + CASE
        WHEN NOT `_u1` AND NOT (
          `_w1` = 4
        ) AND (
          `_w1` = 1 OR `_may_1`
        )
        THEN 1
        ELSE 0
      END
      ELSE 0
    END AS `_m1_4`, /* refund: what waits for paid */
    CASE
      WHEN `tone` IS NULL AND `_doubt_1`
      THEN CASE WHEN `_may_1` THEN 1 ELSE 0 END + CASE WHEN `_may_2` THEN 1 ELSE 0 END
      ELSE 0
    END AS `_m1_33`, /* refund: what waits for tone */
    CASE
      WHEN `tags` IS NULL AND `_doubt_1`
      THEN CASE WHEN `_may_2` THEN 1 ELSE 0 END
      ELSE 0
    END AS `_m1_35`, /* refund: what waits for tags */
    CASE
      WHEN `due` IS NULL AND `_doubt_1`
      THEN CASE WHEN `_may_3` THEN CASE WHEN `_open_1` THEN 1 ELSE 0 END ELSE 0 END
      ELSE 0
    END AS `_m1_36` /* refund: what waits for due */
  FROM _waiting_2
), _waiting_4 AS (
  SELECT
    *,
    `_u1`
    AND NOT (
      `_m1_3` > 0 OR `_m1_4` > 0 OR `_m1_33` > 0 OR `_m1_35` > 0 OR `_m1_36` > 0
    ) AS `_f1` /* refund: an expression has no value */
  FROM _waiting_3
), _waiting_5 AS (
  SELECT
    *,
    (
      `_u1` AND NOT (
        `_w1` < 4 AND NOT `_f1`
      )
    ) OR `_w1` = 4 AS `_n1` /* refund: may come to nobody deciding */
  FROM _waiting_4
), _guards /* whether red lines are, or may be, broken */ AS (
  SELECT
    *,
    CASE WHEN NOT (
      `_maybe_1` OR `_maybe_2` OR `_maybe_3`
    ) THEN FALSE ELSE TRUE END AS `_among_1` /* refund: sure to be one of credit, partial, full, or none of them */
  FROM _waiting_5
), _guards_2 AS (
  SELECT
    *,
    CASE
      WHEN `_d1`
      THEN `_o1` IN ('credit', 'full', 'partial')
      WHEN NOT `_n1`
      THEN `_among_1`
      WHEN `_w1` = 4 AND NOT `_u1`
      THEN FALSE
      ELSE CASE WHEN NOT `_among_1` THEN FALSE END
    END
    AND COALESCE(`injury`, FALSE) AS `_b1`, /* not-when-hurt */
    CASE WHEN `_d1` THEN `_o1` IN ('credit', 'full', 'partial') ELSE `_among_1` END IS NULL AS `_open_3`, /* not-when-hurt: what it says of refund is open */
    (
      CASE WHEN `_d1` THEN `_o1` IN ('credit', 'full', 'partial') ELSE `_among_1` END
      AND COALESCE(`injury`, FALSE)
    ) IS NULL AS `_open_4` /* not-when-hurt: case 1 waits */
  FROM _guards
), _guards_3 AS (
  SELECT
    *,
    `_n1` OR (
      NOT `_d1` AND `_open_4` AND `_open_3`
    ) AS `_open_5`, /* not-when-hurt: waits for what refund comes to */
    COALESCE(`_b1`, TRUE) AS `_withheld_1` /* refund: left to a human by a red line */
  FROM _guards_2
), _guards_4 AS (
  SELECT
    *,
    `_b1` IS NULL AND `_open_5` AND `_m1_3` > 0 AS `_asks_1`, /* not-when-hurt: waits for loss */
    `_b1` IS NULL AND `_open_5` AND `_m1_4` > 0 AS `_asks_2`, /* not-when-hurt: waits for paid */
    `_b1` IS NULL AND `_open_5` AND `_m1_33` > 0 AS `_asks_3`, /* not-when-hurt: waits for tone */
    `_b1` IS NULL AND `_open_5` AND `_m1_35` > 0 AS `_asks_4`, /* not-when-hurt: waits for tags */
    `_b1` IS NULL AND `_open_5` AND `_m1_36` > 0 AS `_asks_5` /* not-when-hurt: waits for due */
  FROM _guards_3
), _duties /* which rules bring their obligations */ AS (
  SELECT
    *,
    `_d1` AND NOT `_withheld_1` AS `_s1`, /* refund: decided */
    -NULLIF(
      CASE
        WHEN `_withheld_1`
        THEN CASE WHEN `_m1_3` > 0 THEN 1 ELSE 0 END + CASE WHEN `_asks_1` THEN 1 ELSE 0 END
        ELSE `_m1_3`
      END,
      0
    ) AS `_q1_0`, /* refund: how much waits for loss, most first */
    -NULLIF(
      CASE
        WHEN `_withheld_1`
        THEN CASE WHEN `_m1_4` > 0 THEN 1 ELSE 0 END + CASE WHEN `_asks_2` THEN 1 ELSE 0 END
        ELSE `_m1_4`
      END,
      0
    ) AS `_q1_1`, /* refund: how much waits for paid, most first */
    -NULLIF(
      CASE
        WHEN `_withheld_1`
        THEN CASE WHEN `_m1_33` > 0 THEN 1 ELSE 0 END + CASE WHEN `_asks_3` THEN 1 ELSE 0 END
        ELSE `_m1_33`
      END,
      0
    ) AS `_q1_2`, /* refund: how much waits for tone, most first */
    -NULLIF(
      CASE
        WHEN `_withheld_1`
        THEN CASE WHEN `_m1_35` > 0 THEN 1 ELSE 0 END + CASE WHEN `_asks_4` THEN 1 ELSE 0 END
        ELSE `_m1_35`
      END,
      0
    ) AS `_q1_3`, /* refund: how much waits for tags, most first */
    -NULLIF(
      CASE
        WHEN `_withheld_1`
        THEN CASE WHEN `_m1_36` > 0 THEN 1 ELSE 0 END + CASE WHEN `_asks_5` THEN 1 ELSE 0 END
        ELSE `_m1_36`
      END,
      0
    ) AS `_q1_4`, /* refund: how much waits for due, most first */
    -NULLIF(`_m2_34`, 0) AS `_q2_0`, /* defend: how much waits for note, most first */
    -NULLIF(`_m3_34`, 0) AS `_q3_0`, /* walk_away: how much waits for note, most first */
    -NULLIF(`_m3_35`, 0) AS `_q3_1`, /* walk_away: how much waits for tags, most first */
    CASE WHEN `_w1` = 1 OR `_may_1` THEN 0 END AS `_rank_1` /* call-back: by the place of the rule that may bring it */
  FROM _guards_4
), _duties_2 AS (
  SELECT
    *,
    `_s1` AND `_w1` = 1 AND NOT `_rivals_1` AS `_c_0` /* overpaid brings its duties */
  FROM _duties
), _duties_3 AS (
  SELECT
    *,
    `_c_0`
    OR (
      `_s1`
      AND `_w1` < 4
      AND `_rivals_1`
      AND NOT (
        `_w1` IN (2, 3) OR `_may_2` OR `_may_3`
      )
    ) AS `_e1` /* call-back is due */
  FROM _duties_2
)
SELECT
  `id`,
  CASE WHEN `_sound` THEN CASE WHEN `_s1` THEN `_o1` ELSE 'refer' END END AS `refund`, /* Refund */
  CASE
    WHEN `_sound`
    THEN CASE
      WHEN `_withheld_1`
      THEN 'guard'
      WHEN `_f1`
      THEN 'undefined'
      WHEN `_u1`
      THEN 'unsettled'
      WHEN `_w1` = 4
      THEN 'no-rule'
      ELSE 'decided'
    END
  END AS `refund.status`,
  CASE
    WHEN `_sound`
    THEN CASE
      WHEN `_s1`
      THEN CASE
        WHEN `_w1` = 1
        THEN 'overpaid'
        WHEN `_w1` = 2
        THEN 'small'
        WHEN `_w1` = 3
        THEN 'late'
      END
    END
  END AS `refund.rule`,
  CASE WHEN `_sound` THEN CAST(NULL AS STRING) END AS `refund.because`,
  CASE
    WHEN `_sound`
    THEN CASE
      WHEN NOT `_q1_0` IS NULL
      OR NOT `_q1_1` IS NULL
      OR NOT `_q1_2` IS NULL
      OR NOT `_q1_3` IS NULL
      OR NOT `_q1_4` IS NULL
      THEN TRANSFORM(ARRAY_SORT(FILTER(ARRAY(NAMED_STRUCT('n', `_q1_0`, 'at', 0, 'name', 'loss'), NAMED_STRUCT('n', `_q1_1`, 'at', 1, 'name', 'paid'), NAMED_STRUCT('n', `_q1_2`, 'at', 2, 'name', 'tone'), NAMED_STRUCT('n', `_q1_3`, 'at', 3, 'name', 'tags'), NAMED_STRUCT('n', `_q1_4`, 'at', 4, 'name', 'due')), x -> x.n IS NOT NULL)), x -> x.name)
      ELSE CAST(ARRAY() AS ARRAY<STRING>)
    END
  END AS `refund.missing`,
  CASE
    WHEN `_sound`
    THEN CASE
      WHEN `_s1` AND NOT `_x1_1`
      THEN CAST(CAST((
        (
          CAST(`_y1_1` AS DECIMAL(38, 0)) - (
            (
              (
                CAST(`_y1_1` AS DECIMAL(38, 0)) % 300
              ) + 300
            ) % 300
          )
        ) DIV 300
      ) + CASE
        WHEN (
          2 * (
            (
              (
                CAST(`_y1_1` AS DECIMAL(38, 0)) % 300
              ) + 300
            ) % 300
          )
        ) > 300
        OR (
          (
            2 * (
              (
                (
                  CAST(`_y1_1` AS DECIMAL(38, 0)) % 300
                ) + 300
              ) % 300
            )
          ) = 300
          AND (
            (
              (
                CAST(`_y1_1` AS DECIMAL(38, 0)) - (
                  (
                    (
                      CAST(`_y1_1` AS DECIMAL(38, 0)) % 300
                    ) + 300
                  ) % 300
                )
              ) DIV 300
            ) % 2
          ) <> 0
        )
        THEN 1
        ELSE 0
      END AS DECIMAL(38, 0)) * 0.01 AS DECIMAL(38, 2))
    END
  END AS `refund.refund_amount`,
  CASE WHEN `_sound` THEN CASE WHEN `_d2` THEN `_o2` ELSE 'refer' END END AS `defend`, /* Defend staff */
  CASE
    WHEN `_sound`
    THEN CASE WHEN `_u2` THEN 'unsettled' WHEN `_w2` = 2 THEN 'no-rule' ELSE 'decided' END
  END AS `defend.status`,
  CASE
    WHEN `_sound`
    THEN CASE WHEN `_d2` THEN CASE WHEN `_w2` = 1 THEN 'noted' END END
  END AS `defend.rule`,
  CASE WHEN `_sound` THEN CAST(NULL AS STRING) END AS `defend.because`,
  CASE
    WHEN `_sound`
    THEN CASE
      WHEN NOT `_q2_0` IS NULL
      THEN TRANSFORM(ARRAY_SORT(FILTER(ARRAY(NAMED_STRUCT('n', `_q2_0`, 'at', 0, 'name', 'note')), x -> x.n IS NOT NULL)), x -> x.name)
      ELSE CAST(ARRAY() AS ARRAY<STRING>)
    END
  END AS `defend.missing`,
  CASE WHEN `_sound` THEN CASE WHEN `_d3` THEN `_o3` ELSE 'refer' END END AS `walk_away`, /* Walk away */
  CASE
    WHEN `_sound`
    THEN CASE WHEN `_u3` THEN 'unsettled' WHEN `_w3` = 2 THEN 'no-rule' ELSE 'decided' END
  END AS `walk_away.status`,
  CASE
    WHEN `_sound`
    THEN CASE WHEN `_d3` THEN CASE WHEN `_w3` = 1 THEN 'tagged' END END
  END AS `walk_away.rule`,
  CASE WHEN `_sound` THEN CAST(NULL AS STRING) END AS `walk_away.because`,
  CASE
    WHEN `_sound`
    THEN CASE
      WHEN NOT `_q3_0` IS NULL OR NOT `_q3_1` IS NULL
      THEN TRANSFORM(ARRAY_SORT(FILTER(ARRAY(NAMED_STRUCT('n', `_q3_0`, 'at', 0, 'name', 'note'), NAMED_STRUCT('n', `_q3_1`, 'at', 1, 'name', 'tags')), x -> x.n IS NOT NULL)), x -> x.name)
      ELSE CAST(ARRAY() AS ARRAY<STRING>)
    END
  END AS `walk_away.missing`,
  CASE WHEN `_sound` THEN 'refer' END AS `insurance`, /* Insurance */
  CASE WHEN `_sound` THEN 'no-rule' END AS `insurance.status`,
  CASE WHEN `_sound` THEN CAST(NULL AS STRING) END AS `insurance.rule`,
  CASE WHEN `_sound` THEN CAST(NULL AS STRING) END AS `insurance.because`,
  CASE WHEN `_sound` THEN CAST(ARRAY() AS ARRAY<STRING>) END AS `insurance.missing`,
  CASE WHEN `_sound` THEN CAST(NULL AS ARRAY<STRING>) END AS `insurance.insurance_lines`,
  CASE
    WHEN `_sound`
    THEN CASE
      WHEN NOT CASE WHEN `_e1` THEN `_rank_1` END IS NULL
      THEN TRANSFORM(ARRAY_SORT(FILTER(ARRAY(NAMED_STRUCT('n', CASE WHEN `_e1` THEN `_rank_1` END, 'at', 0, 'name', 'call-back')), x -> x.n IS NOT NULL)), x -> x.name)
      ELSE CAST(ARRAY() AS ARRAY<STRING>)
    END
  END AS `obligations`,
  CASE
    WHEN `_sound`
    THEN CASE
      WHEN NOT CASE WHEN `_e1` THEN NULL ELSE `_rank_1` END IS NULL
      THEN TRANSFORM(ARRAY_SORT(FILTER(ARRAY(NAMED_STRUCT('n', CASE WHEN `_e1` THEN NULL ELSE `_rank_1` END, 'at', 0, 'name', 'call-back')), x -> x.n IS NOT NULL)), x -> x.name)
      ELSE CAST(ARRAY() AS ARRAY<STRING>)
    END
  END AS `possible_obligations`,
  CASE
    WHEN `_sound`
    THEN CASE
      WHEN NOT CASE WHEN NOT `_b1` IS NULL AND `_b1` THEN 0 END IS NULL
      THEN TRANSFORM(ARRAY_SORT(FILTER(ARRAY(NAMED_STRUCT('n', CASE WHEN NOT `_b1` IS NULL AND `_b1` THEN 0 END, 'at', 0, 'name', 'not-when-hurt')), x -> x.n IS NOT NULL)), x -> x.name)
      ELSE CAST(ARRAY() AS ARRAY<STRING>)
    END
  END AS `breaches`,
  CASE
    WHEN `_sound`
    THEN CASE
      WHEN NOT CASE WHEN `_b1` IS NULL THEN 0 END IS NULL
      THEN TRANSFORM(ARRAY_SORT(FILTER(ARRAY(NAMED_STRUCT('n', CASE WHEN `_b1` IS NULL THEN 0 END, 'at', 0, 'name', 'not-when-hurt')), x -> x.n IS NOT NULL)), x -> x.name)
      ELSE CAST(ARRAY() AS ARRAY<STRING>)
    END
  END AS `possible_breaches`,
  CASE
    WHEN `_sound`
    THEN CASE
      WHEN NOT CASE WHEN `injury` IS NULL THEN 7 END IS NULL
      OR NOT CASE WHEN `score` IS NULL THEN 37 END IS NULL
      THEN TRANSFORM(ARRAY_SORT(FILTER(ARRAY(NAMED_STRUCT('n', CASE WHEN `injury` IS NULL THEN 7 END, 'at', 0, 'name', 'injury'), NAMED_STRUCT('n', CASE WHEN `score` IS NULL THEN 37 END, 'at', 1, 'name', 'score')), x -> x.n IS NOT NULL)), x -> x.name)
      ELSE CAST(ARRAY() AS ARRAY<STRING>)
    END
  END AS `assumed`,
  CASE
    WHEN `_sound`
    THEN NULL
    ELSE CONCAT_WS(
      ', ',
      CASE
        WHEN NOT (
          `loss` >= 0
          AND CASE
            WHEN NOT `loss` BETWEEN -99999999999 AND 99999999999
            THEN FALSE
            ELSE CAST(`loss` AS DECIMAL(30, 4)) = `loss`
          END
        )
        THEN 'loss'
      END,
      CASE
        WHEN NOT (
          `paid` >= 0
          AND CASE
            WHEN NOT `paid` BETWEEN -99999999999 AND 99999999999
            THEN FALSE
            ELSE CAST(`paid` AS DECIMAL(30, 4)) = `paid`
          END
        )
        THEN 'paid'
      END,
      CASE
        WHEN NOT `tone` COLLATE UTF8_BINARY IN ('calm', 'cross', 'furious')
        THEN 'tone'
      END,
      CASE WHEN NOT (
        LENGTH(`note`) <= 100000
      ) THEN 'note' END,
      CASE
        WHEN NOT (
          CARDINALITY(`tags`) <= 1000 AND NOT EXISTS(`tags`, x -> x IS NULL)
        )
        THEN 'tags'
      END,
      CASE
        WHEN NOT (
          `due` BETWEEN CAST('0001-01-01' AS DATE) AND CAST('9999-12-31' AS DATE)
          AND `due` = CAST(`due` AS DATE)
        )
        THEN 'due'
      END,
      CASE
        WHEN NOT CASE
          WHEN NOT `score` BETWEEN -999999999999999 AND 999999999999999
          THEN FALSE
          ELSE CAST(`score` AS DECIMAL(30, 0)) = `score`
        END
        THEN 'score'
      END
    )
  END AS `problems`
FROM _duties_3
