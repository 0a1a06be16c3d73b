#include "models/routing_words.hpp"

namespace hobd::routing {

const std::array<std::string_view, kWordTraits> kWordLists = {
    // proof
    "prove proves proving proof proofs derive derivation theorem lemma corollary induction irrational contradiction show_that infinitely_many "
    "disprove counterexample bijection axiom axioms rigorous rigorously formally qed beweis* induktion demontre* démontre* demuestra* herleit* zeige_dass",
    // maths
    "integrate integral integrals derivative differentiate eigenvalue* eigenvector* probability probabilities equation equations solve matrix matrices "
    "polynomial calculus logarithm quadratic cubic bayes bayesian bayes'scher statistic* variance regression compound compounded permutation* combinatorics "
    "modulo divisible geometry trigonometr* vector vectors converge* diverge* sequence subsequence limit_of standard_deviation expected_value "
    "how_much_interest odds_of odds wahrscheinlich* gleichung* löse berechne* integral_von ableitung probabilité* équation* ecuación* probabilidad* "
    "twice_as three_times_as times_as_old as_old_as dreimal doppelt_so halb_so fois_plus veces_más fill_the fills_in drains km/h mph average_speed meet percent_of_the ratio how_long_does_it_take_both "
    "working_together annual_interest remaining_balance monthly_payment amortization after_inflation",
    // fault
    "segfault* deadlock* debug debugging exception exceptions traceback stacktrace stack_trace error errors errno crash crashes crashing crashed bug "
    "bugs buggy memory_leak leak leaks leaking race_condition race_conditions undefined nullpointer* null_pointer nullpointerexception typeerror valueerror keyerror "
    "runtimeerror syntaxerror importerror modulenotfound* indexerror attributeerror panic panics hangs hang freezes fails failing failed failure broken_pipe timeout timeouts "
    "times_out timed_out oom killed oomkilled crashloop* wont_start wont_boot doesnt_work not_working stopped_working isnt_working keeps_dropping drops keeps_crashing keeps_failing "
    "keeps_restarting whats_wrong what_is_wrong going_wrong goes_wrong wrong_with root_cause likely_cause what_could_cause what_causes troubleshoot* diagnose unexpected_result "
    "wrong_result corrupt* infinite_loop stuck_in detached_head merge_conflict* nan undefined_behavior undefined_behaviour off_by_one flaky doesnt_compile wont_compile "
    "cannot_read permission_denied connection_refused status_code exit_code cors hydration rerender* re_render* slow_after got_slow so_slow very_slow memory_usage "
    "high_cpu 100_cpu cpu_usage fehler fehlermeldung absturz stürzt* abstürz* funktioniert_nicht geht_nicht läuft_nicht woran_kann woran_liegt erreur* plante "
    "ne_marche_pas no_funciona fallo intermittent* sometimes_works only_sometimes only_happens only_in_production only_on randomly no_idea_why cant_figure tried_everything already_tried",
    // program_task
    "implement implements implementing implementation refactor refactoring optimise_this optimize_this optimise_the optimize_the unit_test unit_tests write_tests "
    "write_a_function write_a_script write_a_program write_a_class write_code write_me_a_script write_a_python write_a_bash write_a_query write_a_regex write_sql write_an_sql "
    "write_some_code code_review review_this_code review_my_code review_this_function review_this_pull pull_request time_complexity space_complexity "
    "big_o rewrite_this_function convert_this_code port_this in_rust in_python in_go in_golang in_java in_javascript in_typescript in_c in_c++ in_haskell in_kotlin "
    "in_swift in_c# in_php in_bash in_powershell in_sql in_react o_1 o_n o_log thread_safe async/await sql_query sql_statement a_regex regex regexp "
    "regular_expression a_parser a_scraper web_scraper scraper a_bot discord_bot telegram_bot rest_api a_cli a_plugin lua_plugin plugin_that dockerfile docker_compose makefile github_action github_actions ci_pipeline "
    "terraform ansible helm home_assistant_automation automation_yaml yaml_for google_sheets_formula excel_formula sheets_formula vba macro cron_expression systemd_unit_file "
    "chrome_extension browser_extension write_an_algorithm an_algorithm algorithm algorithms data_structure leetcode dynamic_programming binary_search linked_list binary_tree "
    "write_a_python a_python_script a_bash_script bash_script_that python_script_that script_that script_to program_that program_to function_that function_to shell_script python_function node_script powershell_script javascript_function sql: programmiere programm_das skript_das skript_schreib* fonction_python script_python "
    "función_en_python script_que make_a_website build_an_app build_a_website build_me html_page css_grid flexbox landing_page",
    // code_topic
    "python javascript typescript java rust golang kotlin haskell c++ c# php ruby perl bash sql mysql postgres postgresql sqlite mongodb redis kafka docker kubernetes k8s "
    "nginx apache linux git github gitlab react vue angular svelte nextjs django flask rails spring node nodejs npm cargo cmake gcc clang llvm compiler compile "
    "kernel mutex semaphore thread threads threading goroutine* coroutine* async await promise promises callback callbacks closure closures pointer pointers heap "
    "stack recursion recursive function functions method methods class classes object inheritance interface generics template templates lambda variable variables loop "
    "array arrays dict dictionary hashmap hash json yaml xml csv api apis endpoint endpoints http websocket oauth jwt token tokens schema index indexes query queries "
    "join joins transaction transactions migration migrations orm code codebase script scripts program programming software repo repository branch commit rebase merge "
    "unit integration deploy deployment production staging server backend frontend database databases component components props hook hooks useeffect usestate state module modules import "
    "library framework package dependency dependencies debugger breakpoint cron systemd ssh raid nas vlan dns dhcp firewall vpn router iptables arduino esp32 raspberry gpio "
    "mqtt zigbee borrow_checker lifetime ownership iterator garbage_collector allocation cache caching log_file logs stdout stderr selector dom webpack vite lua goroutines "
    "programm skript datenbank* abfrage funktion schleife fonction logiciel base_de_données",
    // plan
    "plan planning plans itinerary roadmap organise organize organising organizing reorganise reorganize rearrange reschedule_everything renovation renovate renovating meal_plan "
    "training_plan study_plan workout_plan learning_plan project_plan lesson_plan lernplan trainingsplan wochenplan reiseplan essensplan* meal_prep schedule_for timetable seating "
    "milestones timeline day_by_day week_by_week week_plan weekly_plan 3_day 4_day 5_day 6_day 7_day 8_day 10_day 12_day 14_day road_trip roadtrip trip_to trip_through "
    "week_trip two_week weeks_in days_in holiday_in vacation honeymoon relocate relocation moving_to move_to_a wedding checklist what_order in_what_order prioritise prioritize juggle fit_everything "
    "work_out_what work_out_how figure_out_how map_out break_down break_it_down step_plan action_plan curriculum syllabus program_for workout_routine fitness_plan diet_plan budget_plan plane planen "
    "organisieren umzug organise_mon planifie* planificar planifica* itinerario itinéraire programme_de emploi_du_temps",
    // constraint
    "at_most at_least no_more_than no_less_than not_more_than less_than more_than maximum max minimum min budget_of budget_is within_budget a_budget under_budget deadline deadlines "
    "must mustnt cannot cant_be cant_do cant_go without except unless only_if provided_that as_long_as taking_into considering given_that in_mind "
    "constraints constraint conditions requirement requirements limited allergy celiac vegan gluten respectively both_of either_or but_not but_also "
    "even_though although however whereas instead_of_just while_keeping while_also so_that such_that in_case of_which each_of subject_to per_person strict strictly höchstens mindestens ohne_dass "
    "obwohl sodass berücksichtig* unter_berücksichtigung maximal budget sans_dépasser au_plus sin_que",
    // law
    "legal legally law laws lawyer attorney solicitor sue suing sued lawsuit court tribunal landlord landlords tenant tenants tenancy evict eviction lease sublet deposit "
    "liability liable negligence contract contracts contractual clause clauses clausule terminate termination notice_period severance dismissal dismissed fired unfair_dismissal "
    "redundancy employer employers copyright trademark patent infringement gdpr privacy_policy terms_of_service nda non_compete noncompete custody divorce prenup alimony probate "
    "inherit inheritance executor testament without_a_will my_rights your_rights our_rights rights power_of_attorney visa immigration residency citizenship warranty refund_rights compensation binding enforceable "
    "unenforceable cease_and_desist small_claims hoa easement boundary zoning permit statute jurisdiction bylaws breach rent_increase rent_control employment_law restraining "
    "complaint_against ombudsman policy_covers insurance_claim rejected_the_claim denied_the_claim claim_denied kündig* kündigungsfrist vermieter* mieter mieterhöhung mietvertrag rechtlich* gesetz* anwalt anwältin widerspruch einspruch klage "
    "vertrag verträge klausel* haftung arbeitgeber* arbeitsrecht urlaubsanspruch erbe erbrecht testaments* pflichtteil bescheid bail locataire propriétaire préavis juridique* légal* avocat contrat "
    "licenciement despedido despid* alquiler contrato abogado derecho derechos herencia arrendador es_legal",
    // money
    "tax taxes taxed taxable taxation deduct deduction deductible deductions write_off capital_gains depreciation irs hmrc self_employed freelancer freelance 1099 w2 filing_jointly filing_separately "
    "mortgage mortgages refinance refinancing invest investing investment investments investor etf etfs index_fund index_funds portfolio stocks_or bonds pension 401k 403b ira roth isa superannuation "
    "annuity retire retirement retiring net_worth savings emergency_fund loan loans debt debts credit_card_debt interest_rate interest_rates fixed_rate variable_rate "
    "down_payment equity afford affordable cash_flow cashflow life_insurance disability_insurance estate_tax gift_tax stock_options rsu rsus vesting dividend dividends "
    "diversify asset_allocation crypto_losses net_income gross_income salary_sacrifice lease_or_buy buy_or_lease rent_or_buy buy_or_rent lump_sum overpay repay "
    "repaying steuer* steuern steuerklasse absetzen kredit hypothek anlegen altersvorsorge rente zinsen zinsbindung elterngeld finanzier* impôt* impots déclarer placement* "
    "impuesto* declaración hipoteca* invertir inversión prêt_immobilier",
    // health
    "symptom symptoms diagnosis diagnosed medication medications medicine prescribed prescription dosage dose doses tablets antibiotic* antidepressant* ssri sertraline blood_pressure blood_test blood_sugar "
    "cholesterol thyroid tsh ferritin hba1c insulin diabetes diabetic migraine migraines asthma arthritis chest_pain back_pain stomach_pain abdominal pain painful hurts ache aching "
    "numb numbness tingling dizzy dizziness nausea vomiting fever rash swelling swollen lump bleeding palpitations shortness_of_breath faint fainted seizure stroke "
    "cancer tumor tumour biopsy mri ct_scan x_ray surgery pregnant pregnancy miscarriage trimester breastfeeding infant_fever side_effect side_effects interact interaction interactions "
    "taper withdrawal overdose contraindication* therapist therapy depression depressed anxiety panic_attack* adhd autism insomnia mental_health suicidal concussion "
    "infection infected inflamed chronic acute see_a_doctor go_to_the_er emergency_room is_it_serious should_i_worry be_worried ibuprofen_with together_with_my blood_thinner lab_results test_results ramipril "
    "bisoprolol metformin statin statins warfarin lisinopril beta_blocker schmerz* fieber ausschlag blutwerte* blutdruck medikament* nebenwirkung* symptome schwindel* "
    "douleur* fièvre médicament* symptôme* dolor* fiebre síntoma* medicamento* baja_médica",
    // compare
    "compare compares comparing comparison versus vs tradeoff tradeoffs trade_off trade_offs trade_offs pros_and_cons pros_cons advantages disadvantages better_or which_is_better which_one_is_better whats_better "
    "better_to is_it_better which_of_these which_of_the which_of_them which_offer best_offer cheaper_to is_it_cheaper cheaper_or more_economical worth_it worth_the is_it_worth worth_repairing worth_buying weigh "
    "weighing_up differences_between similarities contrast cost_benefit alternatives_to offers options_are between_these "
    "two_offers three_offers these_quotes two_quotes three_quotes vergleiche* vergleich vor_und_nachteile lohnt_sich was_ist_besser welches_angebot compare_les comparer avantages inconvénients comparar compara ventajas desventajas",
    // digest
    "summarise summarize summary summaries summarising summarizing key_points main_points key_arguments main_arguments key_takeaways takeaways tldr tl_dr paper papers pdf document "
    "documents attached attachment uploaded transcript transcripts meeting_minutes minutes_below the_minutes article_below this_article the_article whole_thread this_thread email_thread long_email the_report "
    "this_report annual_report book_chapter this_chapter read_through go_through_the go_through_all synthesise synthesize synthesis condense abstract_of literature zusammenfass* fasse_zusammen fass_zusammen fasse zusammenfassung résume résumer "
    "résumé_du resume_el resumen resumir",
    // analysis
    "analyse analyze analysing analyzing analysis analytics trend trends forecast forecasting predict prediction dataset data_set spreadsheet correlation correlate correlated causation interpret interpretation "
    "interpreting evaluate evaluating evaluation assess assessing assessment estimate estimation sensitivity scenario scenarios outlier outliers anomaly anomalies breakdown_of insights figures "
    "hypothesis significant significance statistically sample_size metrics kpi kpis readings pattern patterns find_out_why find_out_what find_out_which explain_the_drop explain_the_rise overspend "
    "where_does_our_money where_our_money what_stands_out year_over_year simulate simulation what_if what_would_happen_if what_happens_if model_the benchmark analysiere* auswerten auswertung werte_aus analysez analiza analizar audit review_my review_our review_the critique "
    "critically feedback_on look_at_the look_at_my look_at_this take_a_look",
    // long_text
    "essay essays eulogy speech speeches toast_for short_story story stories novel novella chapter sonnet haiku ballad limerick poem poems poetry lyrics verse screenplay dialogue monologue "
    "article blog blog_post blogpost newsletter press_release white_paper whitepaper report_on thesis dissertation term_paper research_paper literature_review cover_letter motivation_letter motivational_letter personal_statement statement_of_purpose "
    "resume cv bio_for my_bio linkedin business_plan proposal grant pitch pitch_deck presentation wedding_vows vows obituary 300_words 400_words 500_words 600_words 700_words 800_words 1000_words 1500_words 2000_words "
    "word_essay word_article word_story in_the_style_of metaphor* counterarguments persuasive argumentative iambic metre rhyme_scheme bedtime_story fairy_tale murder_mystery dungeon campaign worldbuilding plot_twist a_twist "
    "character_arc backstory compose invent aufsatz erörterung rede_für gedicht kurzgeschichte bewerbung* anschreiben trauerrede geschichte_über dissertation_sur lettre_de_motivation discours ensayo poema discurso cuento carta_de_presentación",
    // letter
    "a_letter letter_to letters formal_letter complaint complaints complain a_complaint letter_of resignation resign appeal an_appeal objection dispute reply_to respond_to how_do_i_reply how_should_i_reply how_should_i_respond how_do_i_respond help_me_reply "
    "help_me_word help_me_write help_me_respond help_me_phrase word_the word_this_email draft drafting draft_a draft_an draft_me polite_but_firm polite_but firm_but diplomatic diplomatically tactful tactfully professional_email an_email_to write_an_email "
    "write_a_letter email_to_my write_to_my_boss to_my_boss tell_my_boss tell_my_manager apology apologise apologize apologizing condolence condolences recommendation_letter reference_letter testimonial break_up "
    "breaking_the_news difficult_conversation hard_conversation how_do_i_tell how_to_tell how_should_i_tell turn_down decline_the decline_an without_offending without_sounding "
    "without_burning formuliere* entwirf verfasse* brief_an einen_brief beschwerde* beschwer* rédige* lettre lettre_de écris_une_lettre redacta* carta reclamación escribe_una_carta",
    // architecture
    "architecture architect scalable scalability scale_to microservice* monolith distributed load_balanc* high_availability failover replication sharding partitioning event_sourcing event_driven cqrs message_queue "
    "rate_limiter rate_limiting data_model database_schema a_schema class_hierarchy design_a design_an design_the design_me system_design designing how_would_you_design how_should_i_design how_should_i_structure best_way_to_structure "
    "how_would_you_structure how_to_structure best_approach best_architecture tech_stack which_stack self_host* self_hosted home_network multi_tenant backwards_compatible migrate_from migrate_to migrating migrate "
    "data_centre* data_center* consistency eventual_consistency idempoten* throughput latency bottleneck* disaster_recovery backup_strategy zero_downtime blue_green design_pattern* dependency_injection "
    "best_practice* threat_model* security_model permission_model access_control entwirf_eine architektur conception_de diseña arquitectura",
    // judgement
    "should_i should_we should_my should_he should_she shall_we_buy do_i_tell do_we_tell what_should_i_do what_should_we_do what_would_you_do what_do_you_advise what_do_you_recommend would_you_recommend do_you_recommend advice advise advisable dilemma "
    "decide_between deciding how_to_decide decide_whether decide_if the_decision a_decision undecided torn_between cant_decide help_me_decide help_me_choose help_me_think help_me_figure help_me_understand help_me_work good_idea bad_idea right_thing wise wiser "
    "make_sense_to does_it_make_sense am_i_wrong am_i_being was_i_too was_i_wrong is_it_wrong is_it_fair is_it_okay_to is_it_ok_to unfair ethical ethics moral morally what_do_you_make_of how_do_i_deal how_to_deal "
    "how_do_i_handle how_should_i_handle how_should_we how_should_i how_can_we_get how_do_we_get how_do_i_get_my how_can_i_get_my how_do_i_convince i_dont_know_what_to i_dont_know_how_to i_dont_know_whether i_dont_know_if not_sure_if not_sure_whether im_not_sure "
    "unsure wondering_whether wondering_if im_thinking_of im_thinking_about we_are_thinking were_thinking considering_whether what_am_i_missing what_could_go_wrong what_are_the_risks risks risk is_it_safe_to is_it_a_good "
    "is_now_a_good is_now_the is_it_time_to is_it_too_late is_it_viable viable feasible realistic worth_keeping what_strategy push_back opinion_on_whether sollte_ich sollten_wir soll_ich "
    "sollen_wir was_soll_ich was_sollen_wir wir_überlegen ich_überlege was_rätst rat_geben was_müssen_wir_bedenken devrais_je devrais dois_je que_faire debería deberíamos qué_debo conviene",
    // negotiation
    "negotiate negotiating negotiation negotiations haggle counteroffer counter_offer lowball bargain bargaining leverage_in raise_request ask_for_a_raise salary higher_salary pay_rise "
    "job_offer convince persuade persuading roleplay role_play mock_interview play_devils devils_advocate debate_me mediate mediation compromise come_down_from asking_price settle settlement verhandeln verhandlung gehalts* négocier "
    "négociation negociar interview_questions prepare_me_for prepare_for_my job_interview",
    // depth
    "explain explaining explain_why explain_how explanation explanations in_detail in_depth indepth thoroughly thorough detailed step_by_step walk_me_through deep_dive deeper from_first_principles intuition intuitively "
    "mechanism mechanisms how_does how_do_we_know why_did why_does_the why_do_we why_are_there why_is_there causes causes_of caused_the implications implication consequences effects_of impact_of impact influence_of "
    "significance_of role_of argument arguments argue theory theories theoretical philosophy philosophical philosopher historians historical historically interpretation_of economics economic economy keynesian inflation "
    "geopolit* politics political quantum relativity thermodynamics entropy_in evolution evolutionary neural_network* machine_learning transformer transformers gradient backpropagation attention_mechanism cryptograph* encryption "
    "consciousness free_will existential* utilitarian* kant nietzsche epistemolog* metaphysic* mrna genetics crispr photosynthesis_in immune_system climate_change monetary_policy fiscal capitalism "
    "socialism colonialism revolution empire_fall roman_republic misconception* nuance nuanced evidence explique* expliquer erkläre* erläutere* erklär* unterschied_zwischen différence_entre explica* explícame diferencia_entre auswirkung* ursachen "
    "critique_of how_accurate as_if_i as_if_to_a teach_me help_me_learn tutor compare_and what_led_to how_come_the",
    // many_facts
    "based_on_what based_on_everything based_on_our based_on_my everything_i everything_you_know everything_i_told everything_i_said all_the_things_i all_my_notes all_our going_through looking_back over_the_last over_the_past over_the_years last_three_months last_two_months last_six_months since_spring "
    "since_january has_changed how_has_my how_have_my which_of_my who_of_my what_pattern in_common conflict_with contradict contradicts contradicting contradiction_between consistent_with before_or_after still_open open_questions across_all put_together_everything piece_together connect_the_dots "
    "taking_everything considering_what_i given_what_i given_what_you from_what_i_told from_what_ive_told of_all_the_people who_among how_often_did_i how_many_times_did_i what_do_you_know_about_me most_often all_conversations nach_allem basierend_auf anhand_dessen d'après_ce según_lo_que",
    // research
    "research investigate investigation find_out_whether find_me_the_best find_the_best best_options recommend_one recommend_the recommendations studies study_on evidence_on current_evidence scientific peer_reviewed sources citations cite references fact_check verify_whether is_it_true_that state_of_the_art market_research "
    "shortlist subsid* which_are_the_best recherchiere* recherche_approfondie investiga* studien",
    // puzzle
    "puzzle puzzles riddle riddles brain_teaser brainteaser logic_puzzle logical logically deduce deduction weighings fake_coin knights_and_knaves liar truth_teller if_all if_some necessarily sudoku chess "
    "river_crossing who_owns fallacy valid_argument syllogism escape_room monty_hall paradox rätsel énigme acertijo how_can_they_all winning_strategy optimal_strategy optimal game_theory",
    // business
    "business startup start_up small_business company_plan marketing strategy strategies strategic revenue customers customer competitor* competitive pricing price_point profit profitability margin margins break_even "
    "stakeholder* go_to_market market swot okr okrs root_cause reorganisation restructure restructuring hiring onboarding performance_review underperform* teammate team_misses my_team our_team retrospective franchise supplier* "
    "logistics supply_chain crowdfunding fundraising nonprofit grow_my grow_our attract social_media_plan content_plan brand branding geschäftsidee geschäftsmodell marketingplan estrategia estratégie stratégie negocio",
    // feelings
    "argument_with fight_with fighting_with relationship marriage cheating my_ex broke_up breakup boundaries_with toxic grief grieving lonely overwhelmed burnout burned_out burnt_out stressed_out hopeless resent resentment jealous guilt guilty ashamed "
    "estranged betray* trust_him trust_her coming_out addicted addiction alcoholic bullied bullying bully tantrum* meltdown* behaviour_problem dementia caregiver care_home nursing_home cant_live_alone refuses_help refuses passed_away dying died "
    "in_laws mother_in_law father_in_law stepson stepdaughter adopt adoption parenting discipline without_shouting screen_time",
    // deliberate
    "think_carefully think_through think_about_how carefully precisely comprehensive comprehensively elaborate systematically thought_through justify justification reasoning reason_about rationale convince_me argue_for argue_against both_sides "
    "perspectives perspective viewpoint critical_thinking edge_cases edge_case pitfalls considerations what_to_consider what_should_i_consider things_to_consider what_factors factors criteria framework_for in_order_to taking_account keep_the_metre "
    "without_losing devise formulate develop_a outline outlining brainstorm concept_for from_scratch propose suggest_a_strategy improve_my improve_our optimise optimize optimal_way best_way_to most_efficient efficiently recommend",
    // greeting
    "hi hello hey heya hiya yo howdy good_morning good_afternoon good_evening good_night goodnight greetings sup whats_up moin servus hallo guten_morgen guten_abend guten_tag gute_nacht grüß tschüss ciao bonjour bonsoir salut hola buenos_días "
    "buenas_tardes buenas_noches buenos_dias adiós adios bye goodbye see_you see_ya cya later talk_later talk_tomorrow talk_to_you_later take_care welcome_back im_back im_home happy_birthday happy_new_year merry_christmas happy_friday happy_easter long_time_no_see you_there anyone_there",
    // thanks
    "thanks thank thankyou thx ty tysm cheers danke dankeschön vielen_dank merci gracias grazie obrigado perfect awesome great brilliant lovely nice cool wonderful excellent amazing super fantastic helpful good_job well_done that_worked that_helped appreciate_it much_appreciated you_rock "
    "youre_the_best love_it haha hahaha lol lmao rofl hehe wow yay",
    // yes_no
    "yes yeah yep yup no nope nah ok okay okey k sure fine alright right correct exactly agreed maybe perhaps never_mind nevermind nvm go_ahead sounds_good got_it understood i_see fair_enough please_do do_it leave_it forget_it stop thats_all thats_it that_is_all done ja nein doch genau passt "
    "oui non sí si vale claro hm hmm hmmm oh ah aha please pls plz the_first_one the_second_one the_last_one both neither same whatever all_good no_worries no_problem",
    // reminder
    "remind reminder reminders timer timers alarm alarms wake_me wake_up snooze countdown calendar appointment appointments my_schedule schedule_a put_it_in_my event_on what_do_i_have_today whats_on_today whats_on_my erinner* erinnere wecker weck termin termine kalender rappelle* rappel minuteur recuérda* recuerdame "
    "recordatorio despiértame agenda meeting_at dentist_at dentist_on at_7am at_8am at_9am every_morning every_evening every_monday every_sunday",
    // list
    "shopping_list grocery_list groceries to_do todo to_dos todos to_do_list add_to_my add_to_the add_milk my_list the_list on_my_list to_the_list off_the_list einkaufsliste einkaufszettel aufgabenliste liste_de_courses lista_de_la_compra lista_de_compras mark_as_done mark_as tick_off cross_off check_off "
    "my_notes last_note note_down make_a_note take_a_note new_note jot_down write_down write_that_down save_this save_that book_list wish_list wishlist watchlist packing_list add_a add_another delete_the remove_the clear_the add",
    // weather
    "weather forecast_for rain raining rainy snow snowing snowy sunny sunset sunrise umbrella temperature_outside temperature_tomorrow degrees_outside windy wind_speed humid humidity uv_index pollen storm_coming thunderstorm how_cold how_hot how_warm hot_today cold_today wetter regnet regen schneit sonnenuntergang "
    "regenschirm météo meteo pleut pleuvoir temps_fait tiempo_hace llover llueve va_a_llover need_a_jacket need_a_coat air_quality",
    // device
    "turn_on turn_off turn_the turn_it switch_on switch_off lights light lamp lamps bulb dim brighten thermostat heating_up heating_on heating_off heating_down ac_on ac_off play pause resume_music skip next_song previous_song volume louder quieter mute unmute playlist spotify song music radio tv "
    "television lock unlock front_door garage_door garage open_the_blinds close_the_blinds blinds curtains shutters vacuum robot_vacuum hoover dishwasher_on camera doorbell is_the_door is_the_oven set_the fan_on nursery living_room bedroom_light kitchen_light anmachen ausmachen anschalten ausschalten licht "
    "lampe heizung_auf mach_das schalte rolladen rollladen jalousie lauter leiser allume éteins enciende apaga luz luces sube_el_volumen broadcast announce",
    // unit
    "convert conversion celsius fahrenheit kelvin miles mile kilometers kilometres km feet foot inches inch cm centimeters metres meters yards pounds lbs lb kg kilos kilograms ounces ounce oz grams gram stone litres liters litre liter ml gallons gallon pints cups cup tablespoon tablespoons tbsp teaspoon teaspoons tsp usd eur gbp "
    "in_dollars in_euros in_pounds in_yen euros_in dollars_in exchange_rate acres hectares square_feet how_many_days how_many_weeks how_many_hours days_until weeks_until days_left days_between what_day_of what_day_is what_date whats_the_date what_time what_time_is_it time_in time_zone timezone plus minus times "
    "divided_by squared square_root_of percent_of tip_on half_of what_is_15 what_is_20 umrechnen umluft wie_viel_ist wieviel_ist prozent_von combien_font cuánto_es cuantos_son in_binary in_hex in_decimal roman_numerals",
    // quick_question
    "what_is_the whats_the what_are_the what_was_the what_were_the who_is who_was whos who_wrote who_invented who_painted who_discovered who_won who_sang who_plays who_played who_directed who_made who_are who_composed who_founded when_is when_was when_did when_does whens when_do when_are where_is where_was "
    "wheres where_are where_do where_can_i where_did which_country which_city which_planet which_year which_day which_is_the what_year what_month what_country what_color what_colour what_language what_currency what_kind_of what_type_of what_does what_do_you_call what_temperature what_size what_number what_animal how_many "
    "how_much how_old how_tall how_far how_big how_long how_high how_deep how_heavy how_fast how_often how_late is_a is_an is_the are_there are_the is_there do_cats do_dogs does_a does_the can_dogs can_cats can_i_eat can_you_eat name_three name_a name_the name_five name_two capital_of population_of author_of president_of "
    "height_of distance_from largest longest highest tallest biggest smallest fastest oldest deepest richest national_dish national_anthem stand_for stands_for chemical_symbol atomic_number boiling_point melting_point wie_viele wieviele wie_hoch wie_alt wie_heißt wie_groß wie_weit wer_ist wer_war wer_hat wann_ist wann_war wann_wurde "
    "wo_ist wo_liegt was_ist quelle_est quel_est qui_est qui_a quand_est combien_de où_est cuál_es cual_es quién_es cuántos cuántas dónde_está qué_es cuándo_es capital calories protein_in why_is_the_sky why_is_the why_do_cats why_do_dogs why_are_the why_do_onions whats_a what_is_a what_is_an whats_an what_is what_are",
    // word_help
    "spell spelled spelling_of spelt pronounce pronunciation pronounced synonym synonyms antonym antonyms opposite_of plural_of past_tense meaning_of mean_in word_for another_word rhyme_for rhymes rhymes_with definition_of define what_does_mean abbreviation acronym affect_or_effect capitalise capitalize "
    "hyphen_or comma_before conjugate gender_of bedeutet schreibt_man buchstabier* synonyme signifie significa cómo_se_escribe alphabetical alphabetically sort_these anagram mean idiom",
    // text_fix
    "typo typos fix_the_typos correct_the_spelling correct_my correct_this spelling spell_check spellcheck proofread proof_read grammar grammar_check punctuation fix_the_grammar check_the_grammar shorten_this make_this_shorter make_it_shorter make_this_sound make_it_sound make_this_a_bit make_this_more_polite friendlier more_formal less_formal rephrase reword "
    "rephrase_this to_one_sentence in_one_sentence bullet_points turn_this_into_bullet korrigier* rechtschreib* tippfehler corrige* corriger ortografía clean_up_this tidy_up_this uppercase lowercase title_case remove_the_line",
    // translate
    "translate translation translated übersetz* traduis traduire traduce traducir how_do_you_say how_do_i_say how_to_say whats_the_word_for in_french in_german in_spanish in_italian in_english in_portuguese in_dutch in_japanese in_polish in_turkish in_chinese in_swedish in_russian in_latin in_greek to_french to_german to_spanish to_italian to_english to_japanese to_portuguese to_dutch to_polish "
    "into_french into_german into_spanish into_english into_italian french_for german_for spanish_for italian_for japanese_for auf_deutsch auf_englisch auf_französisch auf_spanisch auf_italienisch was_heißt wie_sagt_man en_français en_anglais en_allemand en_espagnol comment_dit_on comment_dit en_inglés en_francés en_alemán cómo_se_dice como_se_dice",
    // told
    "remember_that remember_my remember_this note_that keep_in_mind_that fyi for_your_information btw by_the_way for_the_record just_so_you_know just_letting_you_know heads_up my_name_is call_me my_number_is my_new_number my_phone_number my_address_is my_birthday_is birthday_is anniversary_is i_parked i_put_the i_left_the i_prefer i_like "
    "i_hate i_love im_vegetarian im_vegan im_allergic allergic_to is_allergic the_password_is the_code_is the_wifi_is we_moved we_bought i_bought i_got_a i_started merk_dir merke_dir übrigens ich_bin ich_habe_ein souviens_toi note_que recuerda_que me_llamo je_suis je_m'appelle name_is starts_at comes_on is_coming_on spare_key",
    // recall
    "did_i_say did_i_tell did_i_mention do_you_remember you_remember what_did_i what_did_we what_did_you when_did_i where_did_i who_did_i did_i_ever whats_my what_is_my when_is_my wheres_my where_is_my what_was_my what_was_that what_was_the_name i_told_you remind_me_what remind_me_who remind_me_where last_time_i again_what the_name_of_the hab_ich_gesagt hab_ich "
    "was_hatte_ich weißt_du_noch t_ai_dit tu_te_souviens te_dije recuerdas my_birthday my_locker my_shoe_size my_wifi my_password have_i when_was_the_last_time what_time_did_i what_have_i what_day_did_i did_we",
    // chat
    "joke jokes bored boring how_are_you how_r_u hows_it_going how_was_your how_is_your how_do_you_feel are_you_a are_you_ok do_you_sleep do_you_dream do_you_like do_you_have_feelings favourite favorite funny tired hungry sleepy exhausted fun_fact tell_me_something tell_me_a guess_what sing cute adorable yummy delicious "
    "mondays monday_again weekend coffee_helps just_wanted rough_day long_day good_day bad_day nice_day lovely_day my_day today_was had_a_great had_a_lovely we_went i_went just_got_home just_got_back so_happy so_excited excited so_tired cant_wait finally we_had laughing laughed ice_cream ugh omg witz chiste blague müde comment_vas ça_va ca_va comment_ca_va cómo_estás que_tal qué_tal wie_gehts "
    "wie_geht_es was_machst_du i_miss what_are_you_up what_are_you_doing good_movie good_film good_book good_podcast podcast_for movie_for pizza_or tea_or cats_or or_cats sounds_nicer nickname compliment cheer_me_up make_me_laugh knock_knock pun trivia",
    // house
    "recipe boil boiled bake baked baking roast roasted fry fried poach poached steam cook cooked cooking oven microwave fridge freezer freeze frozen thaw defrost reheat leftovers egg eggs chicken rice pasta potato potatoes onions garlic butter buttermilk flour sugar salt yeast dough cake pancakes pancake soup salad sauce spinach "
    "bread toast stain stains wash washing laundry towels shirt bleach clean cleaning descale limescale vinegar baking_soda dishwasher_tablets kettle dust mop iron_a water_the water_a houseplant houseplants plant plants lily basil fertilise fertilize compost shelf_life keep_in_the expire expired backen kochen rezept waschen putzen flecken recette cuire receta cocinar substitute "
    "instead_of_buttermilk instead_of_eggs vacuum_bag lightbulb_type unclog dinner lunch breakfast snack dessert ripe ripen avocado banana steak medium_rare defrosted slow_cooker air_fryer",
    // errand
    "opening_hours open_on open_today closes_at what_time_does stock_price share_price bitcoin headlines the_news todays_news news_today send_a_message send_a_text text_my message_my call_my send_lena next_bus next_train next_tram bus_to train_to phone_number_of track_my parcel package_arrive delivery new_mail any_new_mail any_emails unread check_my_mail check_my_email "
    "look_up google search_the_web search_for open_the_file list_the_files list_files show_me_the_files directions_to nearest traffic score_of the_score who_won_the match_today game_tonight book_a_table order_a order_me whats_playing whats_on_tv near_me nearby wann_fährt öffnungszeiten wann_öffnet nachrichten horaires heures_d'ouverture a_qué_hora horario read_me show_me weather_in battery screenshot "
    "dark_mode how_do_i_exit command_to command_for shortcut shortcut_for keyboard_shortcut file_extension what_port default_port flag_of restart_my reset_my_password",
    // about_hob
    "what_can_you_do what_do_you_do who_are_you whats_your what_is_your your_name who_made_you who_built_you are_you_human are_you_real are_you_an_ai which_model what_model how_do_you_work what_are_you can_you_hear can_you_see can_you_read can_you_speak do_you_speak do_you_know_my change_my_name call_yourself forget_what forget_that forget_about speak_german speak_english "
    "wer_bist_du was_kannst_du wie_heißt_du qui_es_tu tu_peux quién_eres qué_puedes spend_on_you do_you_store",
    // chance
    "flip_a_coin toss_a_coin coin_flip roll_a roll_two roll_the heads_or_tails pick_a_number random_number pick_one pick_a choose_a_number rock_paper_scissors magic_8 würfel münze pile_ou_face cara_o_cruz dice random",
    // follow_up
    "and_the what_about how_about another_one one_more again say_that_again shorter longer more_please continue go_on next and_in and_for and_what and_who and_when which_one make_it make_that change_it change_that instead same_for also_the the_other_one und_auf und_was und_wann und_morgen et_en et_demain y_en y_mañana noch_einmal nochmal encore otra_vez",
    // small_request
    "short_birthday birthday_wish birthday_message birthday_card one_line one_liner short_text short_message quick_message thank_you_text thank_you_note get_well name_for a_name_for caption for_instagram gift_tag emoji emojis give_me_a suggest_a_name ideas_for_a_quick quick_dinner quick_lunch quick_recipe give_me_5 give_me_three give_me_five three_ideas something_nice a_quick quick_question",
};

const std::string_view kPlainWords =
    "a an the i you he she it we they me him her us them my your his its our their mine yours this that these those and or but if then so as of at by for from in into on onto to with about over under up down out off "
    "is are was were be been being am do does did doing done have has had having can could will would shall should may might must im ive ill id youre youve youll hes shes its were theyre isnt arent wasnt dont doesnt didnt cant couldnt wont wouldnt "
    "what whats which who whom whose when where why how not no yes there here all any some many much more most less few other another each every both one two three four five six seven eight nine ten first second last next new old good bad big small "
    "just only very too really quite also even still already again now then today tomorrow yesterday tonight week month year day days hour minute time morning evening get got go going went come came make made take took give gave know think see want need use "
    "like say said tell told ask please thing things something anything nothing someone people man woman mum mom dad wife husband son daughter kids child friend house home work school car dog cat "
    "der die das ein eine einen einem und oder aber ich du er sie es wir ihr ist sind war bin hat habe haben mir mich dir dich mein meine dein nicht kein keine mit von zu zum zur auf für im in am an was wer wie wo wann warum heute morgen "
    "le la les un une des du de et ou mais je tu il elle nous vous est suis sont dans pour avec mon ma mes ton ta pas que qui quoi où quand comment el los las una unos y o pero yo tú él ella es son está en para con mi tu no qué quién cómo cuándo";

}  // namespace hobd::routing
